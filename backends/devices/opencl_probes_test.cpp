#include "backends/devices/opencl_probes.h"

#include <gmock/gmock.h>

#include <numeric>

#include "backends/devices/opencl_test_device.h"

namespace whygpu {
namespace {

class OpenClProbesTest : public OpenClDeviceTest {
 protected:
  static OpenClProbes probes() { return OpenClProbes(device()); }

  struct Prepared {
    std::unique_ptr<Operation> operation;
    std::vector<std::unique_ptr<Tensor>> owned;
    std::vector<Tensor*> tensors;
  };

  Prepared prepared(const Probe& probe) {
    EXPECT_TRUE(probes().supports(probe, ""));
    Prepared result{probes().prepare(probe, ""), {}, {}};
    for (int i = 0; i < static_cast<int>(arguments(probe).size()); ++i) {
      result.owned.push_back(result.operation->allocate(i));
      result.tensors.push_back(result.owned.back().get());
    }
    return result;
  }
};

TEST_F(OpenClProbesTest, Stream) {
  constexpr std::int64_t kElements = 10'007;
  std::vector<float> x(kElements), y(kElements), z(kElements);
  std::iota(x.begin(), x.end(), 1.0F);
  std::iota(y.begin(), y.end(), 100.0F);
  for (const auto kernel : {StreamKernel::copy, StreamKernel::scale, StreamKernel::add, StreamKernel::triad}) {
    const Stream stream{kernel, kElements, 3, DType::f32};
    auto run = prepared(stream);
    run.tensors.front()->upload(x.data());
    if (stream.inputs() == 2) run.tensors[1]->upload(y.data());
    run.operation->enqueue(run.tensors);
    run.tensors.back()->download(z.data());
    for (std::size_t i = 0; i < z.size(); ++i) {
      const float expected = kernel == StreamKernel::copy    ? x[i]
                             : kernel == StreamKernel::scale ? 3 * x[i]
                             : kernel == StreamKernel::add   ? x[i] + y[i]
                                                             : x[i] + 3 * y[i];
      ASSERT_EQ(z[i], expected) << static_cast<int>(kernel) << " at " << i;
    }
    EXPECT_TRUE(run.tensors.back()->intact());
  }
}

TEST_F(OpenClProbesTest, Sum) {
  for (const std::int64_t elements : {1, 1000, 10'000}) {
    std::vector<float> x(static_cast<std::size_t>(elements), 1.0F);
    auto run = prepared(Stream{StreamKernel::sum, elements, 2, DType::f32});
    run.tensors.front()->upload(x.data());
    run.operation->enqueue(run.tensors);
    float sum = 0;
    run.tensors.back()->download(&sum);
    EXPECT_EQ(sum, static_cast<float>(elements));
  }
}

TEST_F(OpenClProbesTest, Transfers) {
  constexpr std::size_t kBytes = 100'000;
  std::vector<std::uint8_t> sent(kBytes), back(kBytes), read(kBytes);
  std::iota(sent.begin(), sent.end(), std::uint8_t{0});
  std::iota(back.begin(), back.end(), std::uint8_t{77});
  for (const bool pinned : {true, false}) {
    for (const auto direction : {Direction::to_device, Direction::to_host, Direction::both_ways}) {
      auto run = prepared(Transfer{direction, pinned, kBytes});
      run.tensors[0]->upload(sent.data());
      if (direction == Direction::both_ways) run.tensors[2]->upload(back.data());
      for (int i = 0; i < 3; ++i) run.operation->enqueue(run.tensors);
      device().synchronize();
      run.tensors[1]->download(read.data());
      EXPECT_EQ(read, sent);
      if (direction != Direction::both_ways) continue;
      run.tensors[3]->download(read.data());
      EXPECT_EQ(read, back);
    }
  }
}

TEST_F(OpenClProbesTest, Launches) {
  auto run = prepared(Launch{100});
  run.operation->enqueue(run.tensors);
  EXPECT_NO_THROW(device().synchronize());
  EXPECT_EQ(run.operation->implementation(), "empty OpenCL kernel of one work-item");
}

TEST_F(OpenClProbesTest, NoArithmetic) {
  EXPECT_THAT(probes().supports(Peak{}, "").reason, testing::HasSubstr("measures the device's arithmetic"));
  EXPECT_THAT(probes().supports(CycleChain{1}, "").reason, testing::HasSubstr("measures the device's arithmetic"));
}

}  // namespace
}  // namespace whygpu
