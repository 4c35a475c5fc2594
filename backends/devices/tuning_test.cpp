#include "backends/devices/tuning.h"

#include <gmock/gmock.h>

#include <set>

namespace whygpu {
namespace {

// A device whose clock advances only when work is queued.
class FakeDevice final : public Device {
 public:
  double now = 0;
  int held = 0;

  DeviceKind kind() const override { return DeviceKind::cuda; }
  std::string name() const override { return "fake"; }
  Facts facts() const override { return {}; }
  std::size_t memory_bytes() const override { return 0; }
  std::size_t free_memory_bytes() const override { return 0; }
  std::size_t cache_bytes() const override { return 0; }
  void synchronize() override {}
  void flush_cache() override {}
  std::unique_ptr<Tensor> allocate(std::size_t) override { return nullptr; }
  std::unique_ptr<Tensor> view(Tensor&, std::size_t, std::size_t) override { return nullptr; }
  void hold() override { held = 1; }
  void release() override { held = 0; }

  std::unique_ptr<Stopwatch> make_stopwatch() override {
    struct Watch final : Stopwatch {
      explicit Watch(FakeDevice& device) : device(device) {}
      void start() override { from = device.now; }
      void stop() override { to = device.now; }
      double seconds() override { return to - from; }
      FakeDevice& device;
      double from = 0;
      double to = 0;
    };
    return std::make_unique<Watch>(*this);
  }
};

TEST(Fastest, ShortestTime) {
  FakeDevice device;
  const double seconds[] = {3e-3, 1e-3, 2e-3};
  std::set<std::size_t> runs;
  const auto enqueue = [&](std::size_t candidate, std::size_t run) {
    EXPECT_TRUE(runs.insert(run).second);
    device.now += seconds[candidate];
  };
  EXPECT_EQ(fastest(device, 3, enqueue), 1U);
  EXPECT_EQ(*runs.rbegin(), runs.size() - 1);
}

TEST(Fastest, WarmUp) {
  FakeDevice device;
  bool warm = false;
  const auto enqueue = [&](std::size_t candidate, std::size_t) {
    device.now += candidate == 1 ? 2e-4 : std::exchange(warm, true) ? 1e-4 : 1.0;
  };
  EXPECT_EQ(fastest(device, 2, enqueue), 0U);
}

TEST(Fastest, SkipsFailures) {
  FakeDevice device;
  const auto enqueue = [&](std::size_t candidate, std::size_t) {
    if (candidate == 0) throw std::runtime_error("no workspace");
    device.now += 1e-3;
  };
  EXPECT_EQ(fastest(device, 2, enqueue), 1U);
  EXPECT_EQ(device.held, 0);
}

TEST(Fastest, AllFail) {
  FakeDevice device;
  const auto enqueue = [&](std::size_t candidate, std::size_t) {
    throw std::runtime_error("candidate " + std::to_string(candidate));
  };
  EXPECT_THAT([&] { fastest(device, 2, enqueue); }, ::testing::ThrowsMessage<std::runtime_error>("candidate 0"));
}

}  // namespace
}  // namespace whygpu
