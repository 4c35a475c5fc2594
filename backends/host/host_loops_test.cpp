#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "backends/dtypes.h"
#include "backends/host/host.h"
#include "backends/host/peak_kernels.h"
#include "whygpu/host_device.h"

namespace whygpu::host {
namespace {

TEST(ThreadTeam, RunsEachTaskOnce) {
  ThreadTeam team(3);
  std::array<int, 3> calls{};
  for (int round = 0; round < 20; ++round) team.run([&](int index) { ++calls.at(static_cast<std::size_t>(index)); });
  EXPECT_THAT(calls, testing::Each(20));
}

template <class T>
T expected(StreamKernel kernel, T x, T y) {
  switch (kernel) {
    case StreamKernel::scale: return T{3} * x;
    case StreamKernel::add: return x + y;
    case StreamKernel::triad: return x + T{3} * y;
    default: return x;
  }
}

// Small integers, so that every order of operations gives the same bits.
template <class T>
void check_stream(const Stream& stream, const std::string& variant, int threads) {
  SCOPED_TRACE(variant + " kernel " + std::to_string(static_cast<int>(stream.kernel)) + " elements " +
               std::to_string(stream.elements));
  ThreadTeam team(threads);
  const auto operation = prepare(stream, variant, std::size_t{1} << 20, team);
  const auto specs = stream.arguments();
  std::vector<std::unique_ptr<Tensor>> owned;
  std::vector<Tensor*> tensors;
  for (int i = 0; i < static_cast<int>(specs.size()); ++i) {
    owned.push_back(operation->allocate(i));
    tensors.push_back(owned.back().get());
  }
  std::vector<T> x(static_cast<std::size_t>(stream.elements)), y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i % 17), y[i] = static_cast<T>(i % 5) - 2;
  tensors[0]->upload(x.data());
  if (stream.inputs() == 2) tensors[1]->upload(y.data());
  operation->enqueue(tensors);
  if (stream.kernel == StreamKernel::sum) {
    EXPECT_EQ(*host_data<T>(tensors.back()), std::accumulate(x.begin(), x.end(), T{0}));
    return;
  }
  const T* result = host_data<T>(tensors.back());
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(result[i], expected(stream.kernel, x[i], y[i])) << i;
}

TEST(Stream, CoversEveryElement) {
  for (int kernel = 0; kernel <= static_cast<int>(StreamKernel::sum); ++kernel) {
    for (const std::int64_t elements : {1, 1000, 4099}) {
      for (const DType dtype : {DType::f32, DType::f64}) {
        const Stream stream{static_cast<StreamKernel>(kernel), elements, 2, dtype};
        auto names = variants(stream, std::size_t{1} << 20);
        names.emplace_back();
        for (const auto& variant : names) {
          for (const int threads : variant.empty() ? std::vector{1, 3} : std::vector{1}) {
            dtype == DType::f32 ? check_stream<float>(stream, variant, threads)
                                : check_stream<double>(stream, variant, threads);
          }
        }
      }
    }
  }
}

TEST(Stream, DefaultStores) {
  if (variants(Stream{StreamKernel::triad, 10, 1, DType::f64}, 1000).size() == 1) GTEST_SKIP() << "no such stores here";
  EXPECT_EQ(variants(Stream{StreamKernel::triad, 10, 1, DType::f64}, 1000).front(), "stores");
  EXPECT_EQ(variants(Stream{StreamKernel::triad, 100, 1, DType::f64}, 1000).front(), "nontemporal");
  EXPECT_EQ(variants(Stream{StreamKernel::triad, 100, 2, DType::f64}, 1000).front(), "stores");
}

template <class T>
void check_peak(DType dtype, const std::string& variant) {
  SCOPED_TRACE(std::string(dtype_name(dtype)) + " " + variant);
  ThreadTeam team(2);
  const auto operation = prepare(Peak{dtype, 1'000'000}, variant, team);
  const auto x = operation->allocate(0), y = operation->allocate(1);
  for (std::size_t i = 0; i < 64 / sizeof(T); ++i)
    host_data<T>(x.get())[i] = static_cast<T>(i) - 5, host_data<T>(y.get())[i] = 99;
  Tensor* const tensors[] = {x.get(), y.get()};
  operation->enqueue(tensors);
  for (std::size_t i = 0; i < 64 / sizeof(T); ++i) EXPECT_EQ(host_data<T>(y.get())[i], static_cast<T>(i) - 5) << i;
}

TEST(Peak, ReturnsToStart) {
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::s8}) {
    for (const auto& variant : variants(Peak{dtype, 1})) {
      switch (accumulator_of(dtype)) {
        case DType::f64: check_peak<double>(dtype, variant); break;
        case DType::s32: check_peak<std::int32_t>(dtype, variant); break;
        default: check_peak<float>(dtype, variant);
      }
    }
  }
}

template <class T>
void fill(std::byte (&bytes)[1024], float value) {
  std::fill(reinterpret_cast<T*>(bytes), reinterpret_cast<T*>(bytes + sizeof bytes), T(value));
}

template <class T>
std::vector<double> lanes_of(const std::byte* bytes, int count) {
  const auto* lanes = reinterpret_cast<const T*>(bytes);
  return {lanes, lanes + count};
}

// Tests steps without their counterparts, because a kernel that did nothing would also end where it started. Every lane
// adds its share of the products that the table counts.
TEST(Peak, AddsProducts) {
  for (const PeakKernel& kernel : peak_kernels()) {
    if (kernel.needs != nullptr && !(isa().*kernel.needs)) continue;
    PeakData data{};  // minus_b stays 0
    with_storage_type(kernel.dtype, [&]<class T>(T) { fill<T>(data.a, 2), fill<T>(data.b, 3); });
    kernel.run(10, data);
    const int lanes = kernel.register_bytes / static_cast<int>(dtype_bytes(kernel.lane));
    const int products = kernel.operations / 2 / lanes, count = lanes * kernel.chains;
    const auto end = with_storage_type(kernel.lane, [&]<class T>(T) {
      if constexpr (std::is_same_v<T, Float16>)
        return lanes_of<Half>(data.end, count);
      else if constexpr (std::is_arithmetic_v<T>)
        return lanes_of<T>(data.end, count);
      else
        return std::vector<double>();
    });
    EXPECT_THAT(end, testing::SizeIs(count)) << kernel.instruction;
    EXPECT_THAT(end, testing::Each(10 * products * 6)) << kernel.instruction;
  }
}

TEST(Peak, MissingInstructions) {
  const Support support = supports(Peak{DType::f8e4m3, 1}, "");
  EXPECT_FALSE(support.yes);
  EXPECT_THAT(support.reason, testing::HasSubstr("f8e4m3"));
}

}  // namespace
}  // namespace whygpu::host
