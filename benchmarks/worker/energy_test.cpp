#include "benchmarks/worker/energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "backends/devices/nvml_fake.h"
#include "benchmarks/meters/find_meters.h"
#include "benchmarks/meters/rapl.h"
#include "benchmarks/meters/test_tree.h"

namespace whygpu {
namespace {

constexpr double kRestWatts = 40, kBusyWatts = 100, kSecondsPerOp = 0.01;

// A machine that draws 40 W at rest and 100 W at work, seen through recorded counters that turn over.
class EnergyPass : public testing::Test {
 protected:
  EnergyPass() : tree_(two_package_rapl()) {
    for (auto& offer : find_powercap_meters(FileTree(tree_.root()))) meters_.push_back(std::move(offer.meter));
    clock_ = {[this] { return now_; }, [this](double seconds) { pass(seconds, kRestWatts); }};
  }

  // All the energy goes to package 0, whose counter is 0.33 J before its turn when the pass begins.
  void pass(double seconds, double watts) {
    now_ += seconds;
    microjoules_ = std::fmod(microjoules_ + 1e6 * watts * seconds, 262143328850.0);
    tree_.write("sys/class/powercap/intel-rapl:0/energy_uj", std::to_string(static_cast<std::int64_t>(microjoules_)));
  }

  EnergyResult measure(const std::function<std::int64_t()>& run) { return measure_energy(meters_, {}, clock_, run); }

  TestTree tree_;
  std::vector<std::unique_ptr<Meter>> meters_;
  EnergyClock clock_;
  double now_ = 1000, microjoules_ = 262143000000.0;
};

double detail(const EnergyResult& result, const std::string& name) {
  for (const auto& [key, value] : result.details()) {
    if (key == name) return value;
  }
  return NAN;
}

TEST_F(EnergyPass, GivesTheJoulesThatTheCountersImply) {
  const EnergyResult result = measure([this] { return pass(kSecondsPerOp, kBusyWatts), 1; });
  EXPECT_NEAR(result.joules_per_op(MeterScope::host), 1.0, 1e-6);
  EXPECT_NEAR(result.watts(MeterScope::host), 100, 1e-4);
  EXPECT_NEAR(result.idle_watts(MeterScope::host), 40, 1e-4);
  EXPECT_NEAR(detail(result, "energy_joules_per_op"), 1.0, 1e-6);
  EXPECT_NEAR(detail(result, "energy_net_joules_per_op"), 0.6, 1e-6);
  EXPECT_TRUE(result.stable);
  EXPECT_FALSE(result.has(MeterScope::device));
  EXPECT_TRUE(std::isnan(detail(result, "energy_device_joules_per_op")));
}

TEST_F(EnergyPass, CountsOperationsOfABatch) {
  const EnergyResult result = measure([this] { return pass(4 * kSecondsPerOp, kBusyWatts), 4; });
  EXPECT_NEAR(result.joules_per_op(MeterScope::host), 1.0, 1e-6);
}

TEST_F(EnergyPass, MarksTrialsThatDisagree) {
  const EnergyResult result = measure([this] { return pass(kSecondsPerOp, now_ < 1003 ? 100 : 120), 1; });
  EXPECT_FALSE(result.stable);
  EXPECT_EQ(detail(result, "energy_stable"), 0);
}

TEST_F(EnergyPass, DropsAMeterThatVanishesAndKeepsTheOthers) {
  const EnergyResult result = measure([this] {
    if (now_ > 1002) tree_.remove("sys/class/powercap/intel-rapl:1");
    return pass(kSecondsPerOp, kBusyWatts), 1;
  });
  ASSERT_EQ(result.meters.size(), 3U);
  EXPECT_THAT(result.meters[2].lost, testing::HasSubstr("No such file"));
  EXPECT_NEAR(result.joules_per_op(MeterScope::host), 1.0, 1e-6);
}

TEST_F(EnergyPass, HasNoNumbersWithoutMeters) {
  meters_.clear();
  EXPECT_TRUE(measure([this] { return pass(kSecondsPerOp, kBusyWatts), 1; }).details().empty());
}

// A device with nothing but facts.
class DescribedDevice final : public Device {
 public:
  explicit DescribedDevice(Facts facts) : facts_(std::move(facts)) {}
  std::string kind() const override { return "described"; }
  std::string name() const override { return "described"; }
  Facts facts() const override { return facts_; }
  std::size_t memory_bytes() const override { return 0; }
  std::size_t free_memory_bytes() const override { return 0; }
  std::size_t cache_bytes() const override { return 0; }
  std::unique_ptr<Stopwatch> make_stopwatch() override { return nullptr; }
  void synchronize() override {}
  void flush_cache() override {}

 private:
  Facts facts_;
};

// Joules of the device's meters that count for a run, on a machine where NVML's GPU 0, at c1:00.0, is CUDA's device 1.
std::vector<double> device_joules(const Facts& facts) {
  NvmlFake& fake = reset_nvml_fake(NVML_FAKE_LIBRARY);
  fake.count = 2;
  fake.gpus[0] = {.bus_id = "00000000:C1:00.0", .millijoules = 1000};
  fake.gpus[1] = {.bus_id = "00000000:65:00.0", .millijoules = 2000};
  const TestTree tree(two_package_rapl());
  std::vector<double> joules;
  int host = 0;
  for (const auto& meter : meters_for(DescribedDevice(facts), find_meters(FileTree(tree.root()), NVML_FAKE_LIBRARY))) {
    host += meter->scope() == MeterScope::host ? 1 : 0;
    if (meter->scope() == MeterScope::device) joules.push_back(meter->joules());
  }
  EXPECT_EQ(host, 3);  // counts for any device
  return joules;
}

TEST(MetersFor, TakesTheGpuByItsPciBusId) {
  EXPECT_THAT(device_joules({{"pci", "0000:65:00.0"}}), testing::ElementsAre(2));
  EXPECT_THAT(device_joules({{"pci", "0000:C1:00.0"}}), testing::ElementsAre(1));
}

TEST(MetersFor, TakesNoGpuForAnotherDevice) {
  EXPECT_THAT(device_joules({{"pci", "0000:66:00.0"}}), testing::IsEmpty());
  EXPECT_THAT(device_joules({{"memory_bus", "384 bit"}}), testing::IsEmpty());
}

}  // namespace
}  // namespace whygpu
