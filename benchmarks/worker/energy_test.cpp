#include "benchmarks/worker/energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <stdexcept>
#include <system_error>

#include "backends/devices/hwmon_trees.h"
#include "benchmarks/meters/sources.h"
#include "benchmarks/meters/test_tree.h"
#include "benchmarks/worker/rank_energy.h"

namespace whygpu {
namespace {

constexpr double kRestWatts = 40, kBusyWatts = 100, kSecondsPerOp = 0.01;

// A machine that draws 40 W at rest and 100 W under load, read from recorded counters that wrap around.
class EnergyPass : public testing::Test {
 protected:
  EnergyPass() : tree_(two_package_rapl()) {
    FileTree files(tree_.root());
    files.read_file = [this, read = files.read_file](const std::filesystem::path& path) {
      return path.filename() == "energy_uj" ? counter(path.parent_path().filename()) : read(path);
    };
    for (auto& offer : find_powercap_meters(files)) meters_.push_back(std::move(offer.meter));
    clock_ = {[this] { return now_; }, [this](double seconds) { pass(seconds, kRestWatts); }};
  }

  void pass(double seconds, double watts) {
    now_ += seconds;
    used_ += 1e6 * watts * seconds;
  }

  // What energy_uj says. The counter of package 0 is 0.33 J before its wrap-around when the pass starts.
  std::string counter(const std::string& zone) const {
    double microjoules = 7000000 + (stuck_ ? 0 : 0.2 * used_);
    if (zone == "intel-rapl:0") microjoules = std::fmod(262143000000.0 + 0.7 * used_, 262143328850.0);
    if (zone == "intel-rapl:0:0") microjoules = 1000000 + 0.1 * used_;
    if (zone == "intel-rapl:1" && gone_) throw std::system_error(ENOENT, std::generic_category());
    return std::to_string(static_cast<std::int64_t>(microjoules));
  }

  EnergyResult measure(const std::function<std::int64_t()>& run) { return measure_energy(meters_, {}, clock_, run); }

  TestTree tree_;
  std::vector<std::unique_ptr<Meter>> meters_;
  EnergyClock clock_;
  double now_ = 1000, used_ = 0;       // s, µJ
  bool stuck_ = false, gone_ = false;  // whether the counter of package 1 stands still, or is missing
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

// Without one of its meters the host's energy would be too low.
TEST_F(EnergyPass, FailedMeter) {
  const EnergyResult result = measure([this] {
    gone_ = now_ > 1002;
    return pass(kSecondsPerOp, kBusyWatts), 1;
  });
  ASSERT_EQ(result.meters.size(), 3U);
  EXPECT_THAT(result.meters[2].lost, testing::HasSubstr("No such file"));
  EXPECT_FALSE(result.has(MeterScope::host));
  EXPECT_TRUE(result.details().empty());
}

TEST_F(EnergyPass, CounterThatStandsStill) {
  stuck_ = true;
  const EnergyResult result = measure([this] { return pass(kSecondsPerOp, kBusyWatts), 1; });
  EXPECT_THAT(result.meters[2].lost, testing::HasSubstr("did not change under load"));
  EXPECT_TRUE(result.meters[0].lost.empty());
  EXPECT_TRUE(result.details().empty());
}

TEST_F(EnergyPass, WithoutMeters) {
  meters_.clear();
  EXPECT_TRUE(measure([this] { return pass(kSecondsPerOp, kBusyWatts), 1; }).details().empty());
}

// A card whose energy is known only some time later, as from an averaged power.
class LateMeter final : public Meter {
 public:
  LateMeter(double lag, const double& now) : lag_(lag), now_(now) {}
  std::string name() const override { return "late"; }
  MeterScope scope() const override { return MeterScope::device; }
  std::string how() const override { return {}; }
  double joules() override {
    if (fails) throw MeterError("gone");
    double joules = 0;
    for (std::size_t i = 0; i + 1 < loads.size(); ++i) {
      const double end = std::min(loads[i + 1].first, now_ - lag_);
      joules += std::max(0.0, end - loads[i].first) * loads[i].second;
    }
    return joules;
  }
  double resolution_seconds() const override { return 0.01; }
  double lag_seconds() const override { return lag_; }
  void stop() override { ++stops; }

  std::vector<std::pair<double, double>> loads;  // since when, watts; the last is the end
  int stops = 0;
  bool fails = false;

 private:
  double lag_;
  const double& now_;
};

class LateEnergyPass : public testing::Test {
 protected:
  LateEnergyPass() {
    auto meter = std::make_unique<LateMeter>(1.0, now_);
    late_ = meter.get();
    late_->loads = {{0, kBusyWatts}, {now_, 0}};  // verification and samples
    meters_.push_back(std::move(meter));
  }
  void pass(double seconds, double watts) {
    late_->loads.back().second = watts;
    now_ += seconds;
    late_->loads.emplace_back(now_, 0);
  }
  EnergyResult measure() {
    const EnergyClock clock{[this] { return now_; }, [this](double seconds) { pass(seconds, kRestWatts); }};
    return measure_energy(meters_, {}, clock, [this] { return pass(kSecondsPerOp, kBusyWatts), 1; });
  }

  double now_ = 10;
  LateMeter* late_ = nullptr;
  std::vector<std::unique_ptr<Meter>> meters_;
};

TEST_F(LateEnergyPass, WaitsForReadings) {
  const EnergyResult result = measure();
  EXPECT_NEAR(result.idle_watts(MeterScope::device), kRestWatts, 1e-6);
  EXPECT_NEAR(result.watts(MeterScope::device), kBusyWatts, 1e-6);
  EXPECT_NEAR(result.meters[0].spread, 0, 1e-6);
  EXPECT_NEAR(detail(result, "energy_net_joules_per_op"), 0.6, 1e-6);
}

TEST_F(LateEnergyPass, StopsMeters) {
  measure();
  EXPECT_EQ(late_->stops, 1);
  const EnergyClock clock{[this] { return now_; }, [this](double seconds) { pass(seconds, kRestWatts); }};
  const auto fail = []() -> std::int64_t { throw std::runtime_error("device lost"); };
  EXPECT_THROW(measure_energy(meters_, {}, clock, fail), std::runtime_error);
  EXPECT_EQ(late_->stops, 2);
}

// What the failed meter lacks is not made up by the other scope.
TEST_F(EnergyPass, CardLost) {
  auto card = std::make_unique<LateMeter>(0, now_);
  card->fails = true;
  meters_.push_back(std::move(card));
  const EnergyResult result = measure([this] { return pass(kSecondsPerOp, kBusyWatts), 1; });
  EXPECT_NEAR(detail(result, "energy_host_joules_per_op"), 1.0, 1e-6);
  EXPECT_TRUE(std::isnan(detail(result, "energy_joules_per_op")));
}

// A device that only has facts.
class DescribedDevice final : public Device {
 public:
  DescribedDevice(Facts facts, DeviceKind kind) : facts_(std::move(facts)), kind_(kind) {}
  DeviceKind kind() const override { return kind_; }
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
  DeviceKind kind_;
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

std::vector<MeterOffer> host_and_two_cards() {
  std::vector<MeterOffer> offers;
  offers.push_back({"host", std::make_unique<FakeMeter>(MeterScope::host, ""), {}});
  offers.push_back({"machine", std::make_unique<FakeMeter>(MeterScope::machine, ""), {}});
  for (const char* bus_id : {"0000:c1:00.0", "0000:65:00.0"}) {
    offers.push_back({"gpu", std::make_unique<FakeMeter>(MeterScope::device, bus_id), {}});
  }
  return offers;
}

std::vector<std::string> names_of(const RunMeters& run) {
  std::vector<std::string> names;
  for (const auto& meter : run.meters) names.push_back(meter->name());
  return names;
}

RunMeters chosen_meters(const Facts& facts, DeviceKind kind = DeviceKind::cuda, const SysfsFiles& files = {}) {
  const TestTree tree(files);
  return meters_for(DescribedDevice(facts, kind), host_and_two_cards(), FileTree(tree.root()));
}

TEST(MetersFor, MatchesPciAddress) {
  EXPECT_THAT(names_of(chosen_meters({{"memory_bus", "384 bit"}, {"pci", "0000:65:00.0"}})),
              testing::ElementsAre("host", "machine", "0000:65:00.0"));
  EXPECT_THAT(names_of(chosen_meters({{"pci", "0000:C1:00.0"}}, DeviceKind::opencl)),
              testing::ElementsAre("host", "machine", "0000:c1:00.0"));
  EXPECT_THAT(names_of(chosen_meters({}, DeviceKind::cpu)), testing::ElementsAre("host", "machine"));
}

// The host's energy alone would pass for that of the run.
TEST(MetersFor, AcceleratorWithoutMeter) {
  const RunMeters unknown = chosen_meters({{"memory_bus", "384 bit"}});
  EXPECT_THAT(names_of(unknown), testing::ElementsAre("machine"));
  EXPECT_THAT(unknown.missing, testing::HasSubstr("PCI address"));
  const RunMeters other = chosen_meters({{"pci", "0000:66:00.0"}}, DeviceKind::opencl);
  EXPECT_THAT(names_of(other), testing::ElementsAre("machine"));
  EXPECT_THAT(other.missing, testing::HasSubstr("0000:66:00.0"));
}

TEST(MetersFor, IntegratedGraphicsIsCountedByHost) {
  const RunMeters run = chosen_meters({{"pci", kRyzenGraphics}}, DeviceKind::opencl, ryzen_graphics());
  EXPECT_THAT(names_of(run), testing::ElementsAre("host", "machine"));
  EXPECT_TRUE(run.missing.empty());
}

using Scopes = std::vector<MeterScope>;

// Four ranks on two hosts, two cards in each host.
std::vector<RankMeters> four_ranks() {
  const Scopes all = {MeterScope::host, MeterScope::machine, MeterScope::device};
  return {{"a", "0000:65:00.0", "", all},
          {"a", "0000:c1:00.0", "", all},
          {"b", "0000:65:00.0", "", all},
          {"b", "0000:c1:00.0", "", all}};
}

RunMeters own_of(std::size_t rank, const std::vector<RankMeters>& ranks) {
  return own_meters(chosen_meters({{"pci", ranks[rank].pci_bus_id}}), rank, ranks);
}

TEST(OwnMeters, HostIsCountedOnce) {
  EXPECT_THAT(names_of(own_of(0, four_ranks())), testing::ElementsAre("host", "machine", "0000:65:00.0"));
  EXPECT_THAT(names_of(own_of(1, four_ranks())), testing::ElementsAre("0000:c1:00.0"));
  EXPECT_THAT(names_of(own_of(2, four_ranks())), testing::ElementsAre("host", "machine", "0000:65:00.0"));
}

TEST(OwnMeters, SharedDeviceIsCountedOnce) {
  auto ranks = four_ranks();
  ranks[1].pci_bus_id = "0000:65:00.0";
  const RunMeters second = own_of(1, ranks);
  EXPECT_TRUE(second.meters.empty());
  EXPECT_TRUE(second.measured);  // it runs the load all the same
}

// Half of the energy would pass for all of it.
TEST(OwnMeters, RankWithoutMeter) {
  auto ranks = four_ranks();
  ranks[3].missing = "no meter counts the device";
  EXPECT_FALSE(own_of(0, ranks).measured);
  EXPECT_EQ(own_of(0, ranks).missing, "rank 3: no meter counts the device");
  ranks = four_ranks();
  ranks[2].scopes = {MeterScope::device, MeterScope::machine};
  EXPECT_TRUE(own_of(0, ranks).meters.empty());
  EXPECT_EQ(own_of(0, ranks).missing, "rank 2 on b: no meter of the host, which other ranks have");
}

}  // namespace
}  // namespace whygpu
