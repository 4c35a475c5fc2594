#include "backends/devices/tuning.h"

#include <gmock/gmock.h>

#include <set>
#include <vector>

#include "backends/devices/held_queue_fake.h"

namespace whygpu {
namespace {

// A device whose clock advances only when work is queued.
class FakeDevice final : public Device {
 public:
  double now = 0;
  HeldQueueFake queue;
  int flushes = 0, holds = 0;
  std::size_t cache = 0, free_memory = 0;  // in bytes

  DeviceKind kind() const override { return DeviceKind::cuda; }
  std::string name() const override { return "fake"; }
  Facts facts() const override { return {}; }
  std::size_t memory_bytes() const override { return 0; }
  std::size_t free_memory_bytes() const override { return free_memory; }
  std::size_t cache_bytes() const override { return cache; }
  void synchronize() override { queue.release(); }
  void flush_cache() override {
    queue.launch("flush");
    ++flushes;
  }
  std::unique_ptr<Tensor> allocate(std::size_t) override { return nullptr; }
  std::unique_ptr<Tensor> view(Tensor&, std::size_t, std::size_t) override { return nullptr; }
  void hold() override {
    queue.hold();
    ++holds;
  }
  void release() override { queue.release(); }

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

TEST(TuningSets, CoverTheCacheTwice) {
  FakeDevice device;
  device.cache = 1000;
  device.free_memory = 1 << 20;
  EXPECT_EQ(tuning_sets(device, 299, true), 7U);
  EXPECT_EQ(tuning_sets(device, 299, false), 1U);
  EXPECT_EQ(tuning_sets(device, 1 << 16, true), 2U);  // for every second run, another one
  EXPECT_EQ(tuning_sets(device, 1, true), kMaxTunedRuns);
  EXPECT_EQ(tuning_sets(device, 1 << 19, true), 1U);  // two do not fit
}

TEST(TuningPattern, RandomOfTheDtype) {
  const auto floats = tuning_pattern(DType::f32), integers = tuning_pattern(DType::s8);
  EXPECT_EQ(floats.size(), 4 * integers.size());
  const auto* first = reinterpret_cast<const float*>(floats.data());
  EXPECT_THAT(std::vector(first, first + 1000), testing::Each(testing::AllOf(testing::Ge(-1), testing::Le(1))));
  const auto* small = reinterpret_cast<const std::int8_t*>(integers.data());
  EXPECT_THAT(std::set(small, small + 10'000), testing::SizeIs(testing::Gt(200)));
}

TEST(Fastest, ShortestTime) {
  FakeDevice device;
  const double seconds[] = {3e-3, 1e-3, 2e-3};
  std::set<std::size_t> runs;
  const auto enqueue = [&](std::size_t candidate, std::size_t run) {
    EXPECT_TRUE(runs.insert(run).second);
    device.now += seconds[candidate];
  };
  EXPECT_EQ(fastest(device, 3, false, enqueue), 1U);
  EXPECT_EQ(*runs.rbegin(), runs.size() - 1);
}

TEST(Fastest, WarmUp) {
  FakeDevice device;
  bool warm = false;
  const auto enqueue = [&](std::size_t candidate, std::size_t) {
    device.now += candidate == 1 ? 2e-4 : std::exchange(warm, true) ? 1e-4 : 1.0;
  };
  EXPECT_EQ(fastest(device, 2, false, enqueue), 0U);
}

TEST(Fastest, FirstRunNotHeld) {
  FakeDevice device;
  const auto enqueue = [&](std::size_t candidate, std::size_t) {
    device.queue.launch("candidate " + std::to_string(candidate));
    device.now += candidate == 1 ? 1e-6 : 2e-6;
  };
  EXPECT_EQ(fastest(device, 3, true, enqueue), 1U);
}

// Runs of several launches each must not fill the queue behind a hold.
TEST(Fastest, QueueNotFilled) {
  FakeDevice device;
  const auto enqueue = [&](std::size_t candidate, std::size_t) {
    device.queue.launch("candidate", 32);
    device.now += candidate == 1 ? 1e-6 : 2e-6;
  };
  EXPECT_EQ(fastest(device, 2, false, enqueue), 1U);
}

// What suits operands in the cache need not suit those outside it.
TEST(Fastest, TimedAsMeasured) {
  for (const bool cold : {true, false}) {
    FakeDevice device;
    const auto enqueue = [&](std::size_t candidate, std::size_t) {
      const double first = device.flushes > 0 ? 2e-5 : 5e-6;
      device.now += candidate == 0 ? first : 1e-5;
    };
    EXPECT_EQ(fastest(device, 2, cold, enqueue), cold ? 1U : 0U);
    EXPECT_EQ(device.flushes, cold ? device.holds : 0);
  }
}

TEST(Fastest, DescribesMode) {
  EXPECT_EQ(describe_choice("the heuristic's", 16, 2, false),
            "fastest of the heuristic's first 16 with a hot cache, number 3");
  EXPECT_EQ(describe_choice("the heuristic's", 16, 2, true),
            "fastest of the heuristic's first 16 with a cold cache, number 3");
}

TEST(Fastest, SkipsFailures) {
  FakeDevice device;
  const auto enqueue = [&](std::size_t candidate, std::size_t) {
    if (candidate == 0) throw std::runtime_error("no workspace");
    device.now += 1e-3;
  };
  EXPECT_EQ(fastest(device, 2, false, enqueue), 1U);
  EXPECT_FALSE(device.queue.held());
}

TEST(Fastest, AllFail) {
  FakeDevice device;
  const auto enqueue = [&](std::size_t candidate, std::size_t) {
    throw std::runtime_error("candidate " + std::to_string(candidate));
  };
  EXPECT_THAT([&] { fastest(device, 2, false, enqueue); }, ::testing::ThrowsMessage<std::runtime_error>("candidate 0"));
}

}  // namespace
}  // namespace whygpu
