#include "benchmarks/worker/energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "benchmarks/meters/sources.h"
#include "benchmarks/meters/test_tree.h"

namespace whygpu {
namespace {

constexpr double kRestWatts = 40, kBusyWatts = 100, kSecondsPerOp = 0.01;

// A machine that draws 40 W at rest and 100 W under load, read from recorded counters that wrap around.
class EnergyPass : public testing::Test {
 protected:
  EnergyPass() : tree_(two_package_rapl()) {
    for (auto& offer : find_powercap_meters(FileTree(tree_.root()))) meters_.push_back(std::move(offer.meter));
    clock_ = {[this] { return now_; }, [this](double seconds) { pass(seconds, kRestWatts); }};
  }

  // All energy goes to package 0, whose counter is 0.33 J before its wrap-around when the pass starts.
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

TEST_F(EnergyPass, JoulesFromCounters) {
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

TEST_F(EnergyPass, OperationsInBatch) {
  const EnergyResult result = measure([this] { return pass(4 * kSecondsPerOp, kBusyWatts), 4; });
  EXPECT_NEAR(result.joules_per_op(MeterScope::host), 1.0, 1e-6);
}

TEST_F(EnergyPass, DisagreeingTrials) {
  const EnergyResult result = measure([this] { return pass(kSecondsPerOp, now_ < 1003 ? 100 : 120), 1; });
  EXPECT_FALSE(result.stable);
  EXPECT_EQ(detail(result, "energy_stable"), 0);
}

TEST_F(EnergyPass, DropsFailedMeter) {
  const EnergyResult result = measure([this] {
    if (now_ > 1002) tree_.remove("sys/class/powercap/intel-rapl:1");
    return pass(kSecondsPerOp, kBusyWatts), 1;
  });
  ASSERT_EQ(result.meters.size(), 3U);
  EXPECT_THAT(result.meters[2].lost, testing::HasSubstr("No such file"));
  EXPECT_NEAR(result.joules_per_op(MeterScope::host), 1.0, 1e-6);
}

TEST_F(EnergyPass, WithoutMeters) {
  meters_.clear();
  EXPECT_TRUE(measure([this] { return pass(kSecondsPerOp, kBusyWatts), 1; }).details().empty());
}

// A device that only has facts.
class DescribedDevice final : public Device {
 public:
  explicit DescribedDevice(Facts facts) : facts_(std::move(facts)) {}
  DeviceKind kind() const override { return DeviceKind::cuda; }
  std::string name() const override { return "described"; }
  Facts facts() const override { return facts_; }
  std::size_t memory_bytes() const override { return 0; }
  std::size_t free_memory_bytes() const override { return 0; }
  std::size_t cache_bytes() const override { return 0; }
  std::unique_ptr<Stopwatch> make_stopwatch() override { return nullptr; }
  void synchronize() override {}
  void flush_cache() override {}
  std::unique_ptr<Tensor> allocate(std::size_t) override { return nullptr; }
  std::unique_ptr<Tensor> view(Tensor&, std::size_t, std::size_t) override { return nullptr; }

 private:
  Facts facts_;
};

class FakeMeter final : public Meter {
 public:
  FakeMeter(MeterScope scope, std::string pci_bus_id) : scope_(scope), pci_bus_id_(std::move(pci_bus_id)) {}
  std::string name() const override { return pci_bus_id_.empty() ? scope_name(scope_) : pci_bus_id_; }
  MeterScope scope() const override { return scope_; }
  std::string how() const override { return {}; }
  std::string pci_bus_id() const override { return pci_bus_id_; }
  double joules() override { return 0; }
  double resolution_seconds() const override { return 1; }

 private:
  MeterScope scope_;
  std::string pci_bus_id_;
};

std::vector<std::string> meters_that_count(const Facts& facts) {
  std::vector<MeterOffer> offers;
  offers.push_back({"host", std::make_unique<FakeMeter>(MeterScope::host, ""), {}});
  for (const char* bus_id : {"0000:c1:00.0", "0000:65:00.0"}) {
    offers.push_back({"gpu", std::make_unique<FakeMeter>(MeterScope::device, bus_id), {}});
  }
  std::vector<std::string> names;
  for (const auto& meter : meters_for(DescribedDevice(facts), std::move(offers))) names.push_back(meter->name());
  return names;
}

TEST(MetersFor, MatchesPciAddress) {
  EXPECT_THAT(meters_that_count({{"memory_bus", "384 bit"}, {"pci", "0000:65:00.0"}}),
              testing::ElementsAre("host", "0000:65:00.0"));
  EXPECT_THAT(meters_that_count({{"pci", "0000:C1:00.0"}}), testing::ElementsAre("host", "0000:c1:00.0"));
  EXPECT_THAT(meters_that_count({{"memory_bus", "384 bit"}}), testing::ElementsAre("host"));
}

}  // namespace
}  // namespace whygpu
