#include "benchmarks/worker/measurement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "benchmarks/cases/sweep.h"

namespace whygpu {
namespace {

using testing::Each;

constexpr double kFlushCpuSeconds = 2e-3;

// A device whose clock advances with its operations alone, and whose caches are evicted with CPU time.
class ClockedDevice final : public Device {
 public:
  explicit ClockedDevice(DeviceKind kind) : kind_(kind) {}
  DeviceKind kind() const override { return kind_; }
  std::string name() const override { return "clocked"; }
  Facts facts() const override { return {}; }
  std::size_t memory_bytes() const override { return 1 << 20; }
  std::size_t free_memory_bytes() const override { return 1 << 20; }
  std::size_t cache_bytes() const override { return 100; }
  void synchronize() override { ++waits; }
  std::unique_ptr<Tensor> allocate(std::size_t) override { return nullptr; }
  std::unique_ptr<Tensor> view(Tensor&, std::size_t, std::size_t) override { return nullptr; }
  void flush_cache() override {
    for (const double start = process_cpu_seconds(); process_cpu_seconds() < start + kFlushCpuSeconds;) continue;
  }
  std::unique_ptr<Stopwatch> make_stopwatch() override {
    struct Watch final : Stopwatch {
      explicit Watch(const ClockedDevice& device) : device(device) {}
      void start() override { begin = device.seconds; }
      void stop() override { end = device.seconds; }
      double seconds() override { return end - begin; }
      const ClockedDevice& device;
      double begin = 0, end = 0;
    };
    return std::make_unique<Watch>(*this);
  }

  double seconds = 0;
  int waits = 0;

 private:
  DeviceKind kind_;
};

constexpr double kOperationSeconds = 1e-4;

class ClockedTrial final : public Trial {
 public:
  explicit ClockedTrial(ClockedDevice& device) : device_(device) {}
  Verdict verify() override { return {}; }
  void enqueue(std::size_t) override { device_.seconds += kOperationSeconds; }
  void allocate_sets(std::size_t) override {}
  std::size_t set_bytes() const override { return 100; }
  std::string implementation() const override { return "clocked"; }

 private:
  ClockedDevice& device_;
};

RoundRecord measure(DeviceKind kind, double sample_seconds, const SampleMode& mode = {}) {
  ClockedDevice device(kind);
  ClockedTrial trial(device);
  Measurement measurement(trial, device, mode, sample_seconds, AuditMode::one_sample, 1);
  measurement.warm_up();
  for (int sample = 0; sample < 5; ++sample) measurement.sample();
  measurement.finish();
  return measurement.round();
}

// A sample of 2 ms holds about 20 operations of 0.1 ms, and its time is that of one.
TEST(Measurement, SamplesAreDividedByTheBatch) {
  const RoundRecord round = measure(DeviceKind::cpu, 0.1);
  EXPECT_NEAR(static_cast<double>(round.batch), 20, 1);
  EXPECT_THAT(round.samples_ns, testing::SizeIs(5));
  EXPECT_THAT(round.samples_ns, Each(testing::DoubleNear(1e9 * kOperationSeconds, 1)));
}

TEST(Measurement, CpuTimeStopsWhileSleeping) {
  const double before = process_cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LT(process_cpu_seconds() - before, 0.025);
  const auto start = std::chrono::steady_clock::now();
  while (process_cpu_seconds() - before < 0.03) {
    ASSERT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60)) << "CPU time stands still";
  }
}

// The operations above take no CPU time, whatever the device's clock says.
TEST(Measurement, CpuTimeIsNotTheDevicesTime) {
  const RoundRecord round = measure(DeviceKind::cpu, 0.1);
  EXPECT_LT(round.cpu_ns, 0.5e9 * kOperationSeconds);
}

TEST(Measurement, CpuTimeOfABatchIsWithoutItsPreparation) {
  const RoundRecord round = measure(DeviceKind::cpu, 0.1, {.cold = true});
  EXPECT_LT(round.cpu_ns * static_cast<double>(round.batch), 0.5e9 * kFlushCpuSeconds);
}

TEST(Measurement, SustainedLoadPrecedesTheSamples) {
  EXPECT_GE(measure(DeviceKind::cpu, 0.01, {.load_seconds = 0.05}).warmup_ns, 0.05e9);
  EXPECT_GT(sample_mode(parse_case("gemm m=4 n=4 k=4 regime=sustained")).load_seconds, 1);
  EXPECT_EQ(sample_mode(parse_case("gemm m=4 n=4 k=4")).load_seconds, 0);
}

TEST(Measurement, LatencyOfOneOperationOnAcceleratorsOnly) {
  EXPECT_FALSE(measure(DeviceKind::cpu, 0.1).details.contains("synchronised_ns"));
  EXPECT_GT(measure(DeviceKind::cuda, 0.1).details.at("synchronised_ns"), 0);
}

}  // namespace
}  // namespace whygpu
