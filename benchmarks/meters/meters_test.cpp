#include <gmock/gmock.h>

#include <cerrno>
#include <system_error>

#include "backends/devices/nvml_fake.h"
#include "benchmarks/meters/counter.h"
#include "benchmarks/meters/find_meters.h"
#include "benchmarks/meters/gpu_state.h"
#include "benchmarks/meters/sources.h"
#include "benchmarks/meters/test_tree.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string kPackage = "sys/class/powercap/intel-rapl:0/energy_uj";

TEST(Counter, WrapAround) {
  WrappingCounter counter(1000);
  EXPECT_EQ(counter.update(900), 0);
  EXPECT_EQ(counter.update(990), 90);
  EXPECT_EQ(counter.update(40), 140);
  EXPECT_EQ(counter.update(40), 140);
}

TEST(Counter, TrapezoidalPower) {
  PowerIntegral integral;
  EXPECT_EQ(integral.add(10, 100), 0);
  EXPECT_EQ(integral.add(11, 200), 150);
  EXPECT_EQ(integral.add(11.5, 200), 250);
}

TEST(Powercap, PackagesAndMemoryOnce) {
  const TestTree tree(two_package_rapl());
  std::vector<std::string> names;
  for (const auto& offer : find_powercap_meters(FileTree(tree.root()))) names.push_back(offer.meter->name());
  EXPECT_THAT(names, testing::ElementsAre("rapl package-0", "rapl dram-0", "rapl package-1"));
}

TEST(Powercap, CounterWrapAround) {
  const TestTree tree(two_package_rapl());
  const auto offers = find_powercap_meters(FileTree(tree.root()));
  Meter& package = *offers.front().meter;
  const double before = package.joules();
  tree.write(kPackage, "671150");  // 328850 µJ before the wrap-around and 671150 after it
  EXPECT_DOUBLE_EQ(package.joules() - before, 1.0);
}

TEST(Powercap, FileVanished) {
  const TestTree tree(two_package_rapl());
  const auto offers = find_powercap_meters(FileTree(tree.root()));
  tree.remove("sys/class/powercap/intel-rapl:0");
  try {
    offers.front().meter->joules();
    FAIL() << "a vanished file was read";
  } catch (const MeterError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("intel-rapl:0/energy_uj"), HasSubstr("No such file")));
  }
}

TEST(Powercap, InvalidContents) {
  for (const std::string garbage : {"", "12 W", "-5", "0x10", "99999999999999999999999"}) {
    const TestTree tree(two_package_rapl());
    tree.write(kPackage, garbage);
    const auto offers = find_powercap_meters(FileTree(tree.root()));
    EXPECT_FALSE(offers.front().meter) << garbage;
    EXPECT_THAT(offers.front().reason, HasSubstr("\"" + garbage + "\""));
  }
}

TEST(Powercap, CommandThatGrantsReading) {
  const TestTree tree(two_package_rapl());
  FileTree files(tree.root());
  files.read_file = [read = files.read_file](const std::filesystem::path& path) {
    if (path.filename() == "energy_uj") throw std::system_error(EACCES, std::generic_category());
    return read(path);
  };
  const auto offers = find_powercap_meters(files);
  ASSERT_EQ(offers.size(), 3U);
  for (const auto& offer : offers) {
    EXPECT_FALSE(offer.meter);
    EXPECT_THAT(offer.reason, AllOf(HasSubstr("Permission denied"), HasSubstr("sudo chmod a+r")));
  }
}

// The sum over one package of two would pass for the machine's.
TEST(Powercap, NoPartOfThePackages) {
  const TestTree tree(two_package_rapl());
  tree.remove("sys/class/powercap/intel-rapl:1/energy_uj");
  const auto offers = find_powercap_meters(FileTree(tree.root()));
  ASSERT_EQ(offers.size(), 3U);
  for (const auto& offer : offers) EXPECT_FALSE(offer.meter);
  EXPECT_THAT(offers[0].reason, AllOf(HasSubstr("package-0 is only a part"), HasSubstr("intel-rapl:1/energy_uj")));
}

TEST(Powercap, PackagesWithoutMemory) {
  const TestTree tree(two_package_rapl());
  tree.write("sys/class/powercap/intel-rapl:0:0/energy_uj", "0");
  const auto offers = find_powercap_meters(FileTree(tree.root()));
  ASSERT_EQ(offers.size(), 3U);
  EXPECT_TRUE(offers[0].meter && offers[2].meter);
  EXPECT_THAT(offers[1].reason, HasSubstr("reads 0"));
}

TEST(Powercap, ReadingAboveRange) {
  const TestTree tree(two_package_rapl());
  tree.write(kPackage, "262143328851");
  EXPECT_THAT(find_powercap_meters(FileTree(tree.root())).front().reason, HasSubstr("above max_energy_range_uj"));
}

TEST(Powercap, MemoryOfTenthPackage) {
  const std::string zone = "sys/class/powercap/intel-rapl:10:0";
  const TestTree tree(TestTree::Files{
      {zone + "/name", "dram"}, {zone + "/energy_uj", "5"}, {zone + "/max_energy_range_uj", "65712999613"}});
  EXPECT_EQ(find_powercap_meters(FileTree(tree.root())).front().meter->name(), "rapl dram-10");
}

TEST(Powercap, NotAvailable) {
  const TestTree tree(TestTree::Files{{"sys/class/powercap/enabled", "0"}});
  const auto offers = find_powercap_meters(FileTree(tree.root()));
  ASSERT_EQ(offers.size(), 1U);
  EXPECT_THAT(offers[0].reason, HasSubstr("virtual machine"));
}

TEST(Perf, NoKernelEvent) {
  const TestTree empty(TestTree::Files{{"sys/none", ""}});
  EXPECT_THAT(find_perf_meters(FileTree(empty.root())).front().reason, HasSubstr("offers no perf event"));
  const TestTree garbage(
      TestTree::Files{{"sys/bus/event_source/devices/power/type", "twelve"},
                      {"sys/bus/event_source/devices/power/cpumask", "0"},
                      {"sys/bus/event_source/devices/power/events/energy-pkg", "event=0x02"},
                      {"sys/bus/event_source/devices/power/events/energy-pkg.scale", "2.3283064365386962890625e-10"}});
  EXPECT_THAT(find_perf_meters(FileTree(garbage.root())).front().reason, HasSubstr("cannot be parsed"));
  garbage.write("sys/bus/event_source/devices/power/type", "12");
  garbage.write("sys/bus/event_source/devices/power/cpumask", "");  // a sum over no package would be 0 J
  EXPECT_THAT(find_perf_meters(FileTree(garbage.root())).front().reason, HasSubstr("cannot be parsed"));
}

TEST(Hwmon, AmdSocketsWithoutCores) {
  const TestTree tree(TestTree::Files{{"sys/class/hwmon/hwmon0/name", "nvme"},
                                      {"sys/class/hwmon/hwmon0/power1_input", "5000000"},
                                      {"sys/class/hwmon/hwmon1/name", "amd_energy"},
                                      {"sys/class/hwmon/hwmon1/energy1_label", "Ecore000"},
                                      {"sys/class/hwmon/hwmon1/energy1_input", "10"},
                                      {"sys/class/hwmon/hwmon1/energy2_label", "Esocket0"},
                                      {"sys/class/hwmon/hwmon1/energy2_input", "2000000"}});
  const auto offers = find_hwmon_meters(FileTree(tree.root()));
  ASSERT_EQ(offers.size(), 1U);
  EXPECT_EQ(offers[0].meter->name(), "hwmon amd_energy Esocket0");
  const double before = offers[0].meter->joules();
  tree.write("sys/class/hwmon/hwmon1/energy2_input", "5500000");
  EXPECT_NEAR(offers[0].meter->joules() - before, 3.5, 1e-9);
}

TEST(Hwmon, AveragedPower) {
  const TestTree tree(TestTree::Files{{"sys/class/hwmon/hwmon2/name", "power_meter"},
                                      {"sys/class/hwmon/hwmon2/power1_average", "300000000"}});
  const auto offers = find_hwmon_meters(FileTree(tree.root()));
  ASSERT_TRUE(offers[0].meter);
  EXPECT_EQ(offers[0].meter->scope(), MeterScope::machine);
  EXPECT_THAT(offers[0].meter->how(), HasSubstr("averages over about a second"));
  EXPECT_EQ(offers[0].meter->lag_seconds(), 1);
  EXPECT_GE(offers[0].meter->joules(), 0);
}

TEST(Hwmon, PowerThatCannotBeRead) {
  const TestTree tree(TestTree::Files{{"sys/class/hwmon/hwmon2/name", "power_meter"},
                                      {"sys/class/hwmon/hwmon2/power1_average", "unknown"}});
  const auto offers = find_hwmon_meters(FileTree(tree.root()));
  EXPECT_FALSE(offers[0].meter);
  EXPECT_THAT(offers[0].reason, HasSubstr("\"unknown\""));
}

TEST(Hwmon, CounterRunsBackwards) {
  const std::string energy = "sys/class/hwmon/hwmon1/energy1_input";
  const TestTree tree(TestTree::Files{{"sys/class/hwmon/hwmon1/name", "amd_energy"},
                                      {"sys/class/hwmon/hwmon1/energy1_label", "Esocket0"},
                                      {energy, "2000000"}});
  const auto offers = find_hwmon_meters(FileTree(tree.root()));
  tree.write(energy, "1999999");
  EXPECT_THAT([&] { offers[0].meter->joules(); }, testing::ThrowsMessage<MeterError>(HasSubstr("ran backwards")));
}

TEST(Nvml, CounterRunsBackwards) {
  NvmlFake& fake = reset_nvml_fake(NVML_FAKE_LIBRARY);
  fake.gpus[0].millijoules = 2000;
  const auto offers = find_nvml_meters(NVML_FAKE_LIBRARY);
  offers[0].meter->joules();
  fake.gpus[0].millijoules = 1000;
  EXPECT_THAT([&] { offers[0].meter->joules(); }, testing::ThrowsMessage<MeterError>(HasSubstr("ran backwards")));
}

TEST(Nvml, MissingLibrary) {
  const auto offers = find_nvml_meters("libno-such-nvml.so.1");
  ASSERT_EQ(offers.size(), 1U);
  EXPECT_THAT(offers[0].reason, HasSubstr("libno-such-nvml.so.1"));
}

TEST(Nvml, PrefersCounter) {
  NvmlFake& fake = reset_nvml_fake(NVML_FAKE_LIBRARY);
  fake.count = 3;
  fake.gpus[0].bus_id = "00000000:0A:00.0";
  fake.gpus[1] = {.bus_id = "00000000:C1:00.0", .has_energy = false};
  fake.gpus[2] = {.bus_id = "00000000:C2:00.0", .has_energy = false, .has_power = false};
  const auto offers = find_nvml_meters(NVML_FAKE_LIBRARY);
  ASSERT_EQ(offers.size(), 3U);
  const double before = offers[0].meter->joules();
  fake.gpus[0].millijoules += 2500;
  EXPECT_DOUBLE_EQ(offers[0].meter->joules() - before, 2.5);
  EXPECT_EQ(offers[0].meter->name(), "nvml 0000:0a:00.0 (Fake GPU)");
  EXPECT_EQ(offers[0].meter->pci_bus_id(), "0000:0a:00.0");
  EXPECT_THAT(offers[1].meter->how(), HasSubstr("no energy counter on this GPU"));
  EXPECT_EQ(offers[1].meter->pci_bus_id(), "0000:c1:00.0");
  EXPECT_THAT(offers[2].reason, HasSubstr("neither energy nor power"));
}

TEST(GpuState, ReadsNvml) {
  NvmlFake& fake = reset_nvml_fake(NVML_FAKE_LIBRARY);
  fake.count = 3;
  fake.gpus[0] = {.limit_milliwatts = 500'000, .lanes = 8, .ecc = 0, .processes = 1};
  fake.gpus[1].mig = 1;
  fake.gpus[2].has_mig = fake.gpus[2].has_throttle_reasons = fake.gpus[2].has_event_reasons = false;
  const auto gpus = read_gpus(NVML_FAKE_LIBRARY);
  ASSERT_EQ(gpus.size(), 3U);
  EXPECT_EQ(gpus[0].pci_bus_id, "0000:65:00.0");
  EXPECT_EQ(gpus[0].power_limit_watts, 500);
  EXPECT_EQ(gpus[0].default_limit_watts, 700);
  EXPECT_EQ(gpus[0].default_limit_command, "nvidia-smi -pl 700");
  EXPECT_EQ(gpus[0].highest_clock_mhz, 1980);
  EXPECT_EQ(gpus[0].ecc, false);
  EXPECT_EQ(gpus[0].link_width, 8U);
  EXPECT_THAT(gpus[0].processes, testing::ElementsAre(4242U));
  EXPECT_EQ(gpus[1].mig, true);
  EXPECT_EQ(gpus[2].mig, std::nullopt);  // not supported by that GPU
  EXPECT_TRUE(gpus[2].processes.empty());
  EXPECT_TRUE(gpus[1].reports_throttling);
  EXPECT_FALSE(gpus[2].reports_throttling);
}

TEST(FindMeters, EachScopeOnce) {
  auto files = two_package_rapl();
  files["sys/class/hwmon/hwmon1/name"] = "amd_energy";
  files["sys/class/hwmon/hwmon1/energy2_label"] = "Esocket0";
  files["sys/class/hwmon/hwmon1/energy2_input"] = "2000000";
  const TestTree tree(files);
  auto offers = find_meters(FileTree(tree.root()), "libno-such-nvml.so.1");
  std::vector<std::string> names;
  for (const auto& meter : take_meters(offers)) names.push_back(meter->name());
  EXPECT_THAT(names, testing::ElementsAre("rapl package-0", "rapl dram-0", "rapl package-1"));
}

// Joules of the accelerator meters that count for a run at an address, on a machine where NVML's GPU 0, at c1:00.0,
// is CUDA's device 1.
std::vector<double> device_joules(const std::string& pci_bus_id) {
  NvmlFake& fake = reset_nvml_fake(NVML_FAKE_LIBRARY);
  fake.count = 2;
  fake.gpus[0] = {.bus_id = "00000000:C1:00.0", .millijoules = 1000};
  fake.gpus[1] = {.bus_id = "00000000:65:00.0", .millijoules = 2000};
  const TestTree tree(two_package_rapl());
  auto offers = find_meters(FileTree(tree.root()), NVML_FAKE_LIBRARY);
  std::vector<double> joules;
  int host = 0;
  for (const auto& meter : take_meters_for(offers, pci_bus_id)) {
    host += meter->scope() == MeterScope::host ? 1 : 0;
    if (meter->scope() == MeterScope::device) joules.push_back(meter->joules());
  }
  EXPECT_EQ(host, 3);  // counts for any device
  return joules;
}

TEST(FindMeters, GpuByPciBusId) {
  EXPECT_THAT(device_joules("0000:65:00.0"), testing::ElementsAre(2));
  EXPECT_THAT(device_joules("0000:C1:00.0"), testing::ElementsAre(1));
}

TEST(FindMeters, NoGpuForOtherDevice) {
  EXPECT_THAT(device_joules("0000:66:00.0"), testing::IsEmpty());
  EXPECT_THAT(device_joules(""), testing::IsEmpty());
}

TEST(FindMeters, ReasonForNone) {
  const TestTree tree(TestTree::Files{{"sys/none", ""}});
  auto offers = find_meters(FileTree(tree.root()), "libno-such-nvml.so.1");
  EXPECT_TRUE(take_meters(offers).empty());
  EXPECT_THAT(why_no_meter(offers),
              AllOf(HasSubstr("rapl (powercap)"), HasSubstr("rapl (perf)"), HasSubstr("nvml"), HasSubstr("hwmon")));
}

}  // namespace
}  // namespace whygpu
