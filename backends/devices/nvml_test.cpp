#include "backends/devices/nvml.h"

#include <gmock/gmock.h>

#include "backends/devices/nvml_fake.h"

namespace whygpu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

constexpr char kBusId[] = "0000:65:00.0";

class NvmlTest : public ::testing::Test {
 protected:
  NvmlFake& fake_ = reset_nvml_fake(NVML_FAKE_LIBRARY);
  NvmlFakeGpu& gpu_ = fake_.gpus[0];
};

TEST(PciBusId, Spelling) {
  EXPECT_EQ(normal_pci_bus_id("00000000:0A:00.0"), "0000:0a:00.0");  // NVML
  EXPECT_EQ(normal_pci_bus_id("0000:0A:00.0"), "0000:0a:00.0");      // CUDA
  EXPECT_EQ(normal_pci_bus_id("0000:0a:00.0"), "0000:0a:00.0");      // Linux
  EXPECT_EQ(normal_pci_bus_id("00010000:E1:1F.7"), "10000:e1:1f.7");
  for (const char* other : {"", "0a:00.0", "0000:0a:00.0x", "GPU-5b1a"}) EXPECT_EQ(normal_pci_bus_id(other), other);
}

TEST(PciBusId, Comparison) {
  EXPECT_TRUE(same_pci_device("00000000:0A:00.0", "0000:0a:00.0"));
  EXPECT_FALSE(same_pci_device("00000000:0A:00.0", "0001:0a:00.0"));
  EXPECT_FALSE(same_pci_device("", ""));
}

TEST_F(NvmlTest, Units) {
  gpu_.processes = 2;
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  EXPECT_EQ(device.driver_version(), "580.65.06");
  EXPECT_THAT(device.sm_mhz(), Optional(1755.0));
  EXPECT_THAT(device.memory_mhz(), Optional(2619.0));
  EXPECT_THAT(device.power_watts(), Optional(312.5));
  EXPECT_THAT(device.power_limit_watts(), Optional(700.0));
  EXPECT_THAT(device.energy_joules(), Optional(1.5));
  EXPECT_THAT(device.temperature_celsius(), Optional(54.0));
  EXPECT_THAT(device.ecc(), Optional(true));
  EXPECT_THAT(device.processes(), Optional(ElementsAre(4242U, 4243U)));
  EXPECT_THAT(device.pcie_lanes(), Optional(16U));
  EXPECT_EQ(device.pci_bus_id(), kBusId);
  EXPECT_EQ(device.name(), "Fake GPU");
}

TEST_F(NvmlTest, MissingReadings) {
  gpu_.has_power = gpu_.has_mig = false;
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  EXPECT_EQ(device.power_watts(), std::nullopt);
  EXPECT_EQ(device.mig(), std::nullopt);
  EXPECT_EQ(device.sm_application_mhz(), std::nullopt);  // no such function in the library
}

TEST_F(NvmlTest, ManyProcesses) {
  gpu_.processes = 100;
  EXPECT_THAT(NvmlDevice(kBusId, NVML_FAKE_LIBRARY).processes(), Optional(SizeIs(100)));
}

TEST_F(NvmlTest, DeviceByAddress) {
  fake_.count = 2;
  fake_.gpus[0] = {.bus_id = "00000000:C1:00.0", .millijoules = 1};
  fake_.gpus[1] = {.bus_id = "00000000:65:00.0", .millijoules = 7000};
  EXPECT_THAT(NvmlDevice(kBusId, NVML_FAKE_LIBRARY).energy_joules(), Optional(7.0));
  const auto all = NvmlDevice::all(NVML_FAKE_LIBRARY);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].pci_bus_id(), "0000:c1:00.0");
  EXPECT_EQ(all[1].pci_bus_id(), kBusId);
}

TEST_F(NvmlTest, FailureReasons) {
  EXPECT_THAT([] { NvmlDevice(kBusId, "libno-such-library.so.1"); },
              ThrowsMessage<NvmlError>(HasSubstr("libno-such-library.so.1")));
  EXPECT_THAT([] { NvmlDevice("0000:00:00.0", NVML_FAKE_LIBRARY); },
              ThrowsMessage<NvmlError>("NVML has no device 0000:00:00.0: Not Found"));
  fake_.starts = false;
  EXPECT_THAT([] { NvmlDevice(kBusId, NVML_FAKE_LIBRARY); },
              ThrowsMessage<NvmlError>("NVML initialisation failed: Driver Not Loaded"));
  EXPECT_EQ(fake_.open, 0);
}

TEST_F(NvmlTest, NoDisturbanceFromPowerCap) {
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  ThrottleWatch watch(device);
  gpu_.clock_limits = 0x1 | 0x2 | 0x4;
  EXPECT_THAT(watch.since_last(), IsEmpty());
}

TEST_F(NvmlTest, CurrentHeat) {
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  ThrottleWatch watch(device);
  gpu_.clock_limits = 0x4 | 0x8 | 0x40;
  EXPECT_EQ(watch.since_last(), "the GPU throttles: hardware slowdown, thermal (hardware)");
}

// The cards in NVML's order; CUDA counts the fastest first, and here that is the second one.
TEST_F(NvmlTest, EventReasonsOfCardByAddress) {
  fake_.count = 2;
  for (int i = 0; i < 2; ++i) fake_.gpus[i].has_throttle_reasons = false;
  fake_.gpus[0].bus_id = "00000000:C1:00.0";
  fake_.gpus[0].clock_limits = 0x40;
  fake_.gpus[1].bus_id = "00000000:65:00.0";
  fake_.gpus[1].clock_limits = 0x80;
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  EXPECT_THAT(device.clock_limits(), Optional(0x80U));
  EXPECT_EQ(ThrottleWatch(device).since_last(), "the GPU throttles: power brake");
}

TEST_F(NvmlTest, ThrottleReasonsOfOldDriver) {
  gpu_.has_event_reasons = false;
  gpu_.clock_limits = 0x80;
  EXPECT_THAT(NvmlDevice(kBusId, NVML_FAKE_LIBRARY).clock_limits(), Optional(0x80U));
}

TEST_F(NvmlTest, UnknownClockLimits) {
  gpu_.has_event_reasons = gpu_.has_throttle_reasons = false;
  gpu_.clock_limits = 0x80;
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  EXPECT_EQ(device.clock_limits(), std::nullopt);
  EXPECT_THAT(clock_limit_names(device.clock_limits()), HasSubstr("unknown"));
  EXPECT_EQ(clock_limit_names(0), "none");
  EXPECT_EQ(clock_limit_names(0x4 | 0x100 | 0x1000), "power cap, display clock setting, another reason");
}

TEST_F(NvmlTest, LostClockLimits) {
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  ThrottleWatch watch(device);
  EXPECT_THAT(watch.since_last(), IsEmpty());
  gpu_.has_event_reasons = gpu_.has_throttle_reasons = false;
  EXPECT_THAT(watch.since_last(), HasSubstr("no longer reports"));
}

TEST_F(NvmlTest, RemovedCallsReplaced) {
  gpu_.has_calls_removed_in_cuda_14 = gpu_.has_throttle_reasons = false;
  gpu_.thermal_nanoseconds = 7'000'000;
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  EXPECT_THAT(device.temperature_celsius(), Optional(54.0));
  EXPECT_THAT(device.thermal_seconds(), Optional(7e-3));
}

TEST_F(NvmlTest, PastHeatReportedOnce) {
  gpu_.thermal_nanoseconds = 7'000'000;
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  ThrottleWatch watch(device);
  EXPECT_THAT(watch.since_last(), IsEmpty());
  gpu_.thermal_nanoseconds += 2'500'000;
  EXPECT_EQ(watch.since_last(), "the GPU throttled: thermal, for 2.5 ms");
  EXPECT_THAT(watch.since_last(), IsEmpty());
}

}  // namespace
}  // namespace whygpu
