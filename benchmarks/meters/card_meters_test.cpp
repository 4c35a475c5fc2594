#include <gmock/gmock.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "backends/devices/hwmon_trees.h"
#include "backends/devices/nvml_fake.h"
#include "benchmarks/meters/find_meters.h"
#include "benchmarks/meters/gpu_state.h"
#include "benchmarks/meters/sampled_meter.h"
#include "benchmarks/meters/sources.h"
#include "benchmarks/meters/test_tree.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

constexpr char kNoNvml[] = "libno-such-nvml.so.1";

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// The meter of the only card in a tree.
std::unique_ptr<Meter> only_meter(const FileTree& files) {
  auto offers = find_card_meters(files);
  EXPECT_EQ(offers.size(), 1U);
  EXPECT_TRUE(offers.at(0).meter) << offers.at(0).reason;
  return std::move(offers.at(0).meter);
}

TEST(CardMeter, Counter) {
  const TestTree tree(arc_b580_xe());
  const auto meter = only_meter(FileTree(tree.root()));
  EXPECT_EQ(meter->name(), "hwmon 0000:76:00.0 (xe)");
  EXPECT_EQ(meter->scope(), MeterScope::device);
  EXPECT_EQ(meter->pci_bus_id(), kArcB580);
  EXPECT_THAT(meter->how(), AllOf(HasSubstr("counter of the whole card"), HasSubstr("hwmon6/energy1_input")));
  const double before = meter->joules();
  tree.write(card_folder("xe", kArcB580, "hwmon6") + "energy1_input", "77000000000");
  EXPECT_EQ(meter->joules(), before);
  tree.write(card_folder("xe", kArcB580, "hwmon6") + "energy1_input", "77003500000");
  EXPECT_NEAR(meter->joules() - before, 3.5, 1e-9);
}

// What a driver shows that lost its counter: no energy, and none of 2⁶⁴ µJ.
TEST(CardMeter, CounterRunsBackwards) {
  const TestTree tree(arc_a770_i915());
  const auto meter = only_meter(FileTree(tree.root()));
  meter->joules();
  tree.write(card_folder("i915", kArcA770, "hwmon5") + "energy1_input", "51234567889");
  EXPECT_THAT([&] { meter->joules(); },
              ThrowsMessage<MeterError>(AllOf(HasSubstr("energy1_input"), HasSubstr("ran backwards"))));
  tree.write(card_folder("i915", kArcA770, "hwmon5") + "energy1_input", "0");
  EXPECT_THAT([&] { meter->joules(); }, ThrowsMessage<MeterError>(HasSubstr("reads 0")));
  tree.remove("sys");
  EXPECT_THAT([&] { meter->joules(); }, ThrowsMessage<MeterError>(HasSubstr("No such file")));
}

TEST(CardMeter, Power) {
  const TestTree tree(radeon_7900_xtx());
  const auto meter = only_meter(FileTree(tree.root()));
  EXPECT_EQ(meter->scope(), MeterScope::device);
  EXPECT_EQ(meter->pci_bus_id(), kRadeon7900);
  EXPECT_EQ(meter->lag_seconds(), 1);
  EXPECT_THAT(meter->how(), AllOf(HasSubstr("every 20 ms"), HasSubstr("does not document"), HasSubstr("of the chip"),
                                  HasSubstr("hwmon4/power1_average")));
  const double begin = seconds(), first = meter->joules(), after_first = seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  const double before_last = seconds(), joules = meter->joules() - first, end = seconds();
  EXPECT_GE(joules, 317 * (before_last - after_first));
  EXPECT_LE(joules, 317 * (end - begin));
}

TEST(CardMeter, MomentaryPowerIsSaid) {
  const TestTree tree(radeon_580());
  EXPECT_THAT(only_meter(FileTree(tree.root()))->how(), HasSubstr("AMD calls instantaneous"));
}

TEST(CardMeter, ReasonForEachUnusableCard) {
  auto files = together(radeon_7900_xtx(), arc_b580_xe());
  files[card_folder("amdgpu", kRadeon7900, "hwmon4") + "power1_average"] = "0";
  files[card_folder("i915", "0000:00:02.0") + "vendor"] = "0x8086";
  const TestTree tree(files);
  const auto offers = find_card_meters(FileTree(tree.root()));
  ASSERT_EQ(offers.size(), 3U);
  EXPECT_THAT(offers[0].reason, HasSubstr("reads 0"));
  EXPECT_THAT(offers[1].reason, HasSubstr("0000:00:02.0 has no hwmon folder"));
  EXPECT_TRUE(offers[2].meter);
}

// A run uses the card, which wakes it.
TEST(CardMeter, SleepingCard) {
  const TestTree tree(radeon_7900_xtx());
  FileTree files(tree.root());
  auto asleep = std::make_shared<bool>(true);
  files.read_file = [read = files.read_file, asleep](const std::filesystem::path& path) {
    if (*asleep && path.filename() == "power1_average") throw std::system_error(EPERM, std::generic_category());
    return read(path);
  };
  const auto meter = only_meter(files);
  EXPECT_THAT([&] { meter->joules(); }, ThrowsMessage<MeterError>(HasSubstr("powered down")));
  *asleep = false;
  EXPECT_EQ(meter->joules(), 0);
}

// Names of the meters that count for a run on the device at this address.
std::vector<std::string> names_for(const TestTree& tree, const std::string& pci, const std::string& nvml = kNoNvml) {
  auto offers = find_meters(FileTree(tree.root()), nvml);
  std::vector<std::string> names;
  for (const auto& meter : take_meters_for(offers, pci)) names.push_back(meter->name());
  return names;
}

TEST(CardMeter, ChosenByPciAddress) {
  const TestTree tree(together(together(radeon_vii("0000:0a:00.0", "hwmon3"), radeon_vii("0000:0b:00.0", "hwmon4")),
                               together(arc_a770_i915(), arc_b580_xe())));
  EXPECT_THAT(names_for(tree, "0000:0b:00.0"), ElementsAre("hwmon 0000:0b:00.0 (amdgpu)"));
  EXPECT_THAT(names_for(tree, "0000:0A:00.0"), ElementsAre("hwmon 0000:0a:00.0 (amdgpu)"));
  EXPECT_THAT(names_for(tree, kArcA770), ElementsAre("hwmon 0000:04:00.0 (i915)"));
  EXPECT_THAT(names_for(tree, "0000:65:00.0"), IsEmpty());
  EXPECT_THAT(names_for(tree, ""), IsEmpty());
}

// Another vendor's meter counts another card.
TEST(CardMeter, BesideNvidia) {
  NvmlFake& fake = reset_nvml_fake(NVML_FAKE_LIBRARY);
  fake.gpus[0].bus_id = "00000000:65:00.0";
  const TestTree tree(radeon_7900_xtx());
  EXPECT_THAT(names_for(tree, kRadeon7900, NVML_FAKE_LIBRARY), ElementsAre("hwmon 0000:03:00.0 (amdgpu)"));
  EXPECT_THAT(names_for(tree, "0000:65:00.0", NVML_FAKE_LIBRARY), ElementsAre("nvml 0000:65:00.0 (Fake GPU)"));
}

// Its power includes the processor, which RAPL counts already.
TEST(CardMeter, IntegratedGraphicsCountsForHost) {
  const TestTree alone(ryzen_graphics());
  EXPECT_THAT(names_for(alone, ""), ElementsAre("hwmon 0000:c4:00.0 (amdgpu)"));
  EXPECT_THAT(names_for(alone, kRyzenGraphics), ElementsAre("hwmon 0000:c4:00.0 (amdgpu)"));
  const TestTree with_rapl(together(ryzen_graphics(), two_package_rapl()));
  EXPECT_THAT(names_for(with_rapl, kRyzenGraphics), ElementsAre("rapl package-0", "rapl dram-0", "rapl package-1"));
}

TEST(HwmonGpus, LimitsAndClocks) {
  const TestTree tree(
      together(together(radeon_vii(), arc_a770_i915()), {{card_folder("i915", "0000:00:02.0") + "vendor", "0x8086"}}));
  const auto gpus = read_hwmon_gpus(FileTree(tree.root()));
  ASSERT_EQ(gpus.size(), 2U);
  EXPECT_EQ(gpus[0].name, "amdgpu 0000:0a:00.0");
  EXPECT_EQ(gpus[0].clock_mhz, 808);
  EXPECT_EQ(gpus[0].power_limit_watts, 200);
  EXPECT_EQ(gpus[0].default_limit_watts, 250);
  EXPECT_EQ(gpus[0].default_limit_command,
            "echo 250000000 > /sys/bus/pci/drivers/amdgpu/0000:0a:00.0/hwmon/hwmon3/power1_cap");
  EXPECT_EQ(gpus[1].power_limit_watts, 190);
  EXPECT_EQ(gpus[1].default_limit_watts, std::nullopt);
}

TEST(SampledMeter, ReadsOnlyWhileInUse) {
  int readings = 0;
  SampledMeter meter("power", MeterScope::host, "", 0, [&] { return ++readings, 50.0; });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_EQ(readings, 0);
  meter.joules();
  meter.stop();
  const int at_stop = readings;
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_EQ(readings, at_stop);
}

TEST(SampledMeter, PauseDoesNotCount) {
  SampledMeter meter("power", MeterScope::host, "", 0, [] { return 50.0; });
  const double begin = seconds(), first = meter.joules();
  meter.stop();
  const double end = seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_LE(meter.joules() - first, 50 * (end - begin));
}

TEST(SampledMeter, FailureInBackground) {
  const auto here = std::this_thread::get_id();
  SampledMeter meter("power", MeterScope::host, "", 0, [here] {
    if (std::this_thread::get_id() != here) throw MeterError("gone");
    return 50.0;
  });
  std::string failure;
  const double deadline = seconds() + 10;
  while (failure.empty() && seconds() < deadline) {
    try {
      meter.joules();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    } catch (const MeterError& error) {
      failure = error.what();
    }
  }
  EXPECT_EQ(failure, "gone");
  EXPECT_THROW(meter.joules(), MeterError);  // the sum lacks what was not read
  meter.stop();
  EXPECT_NO_THROW(meter.joules());
}

}  // namespace
}  // namespace whygpu
