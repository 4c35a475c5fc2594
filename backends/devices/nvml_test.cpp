#include "backends/devices/nvml.h"

#include <dlfcn.h>
#include <gmock/gmock.h>

#include "backends/devices/nvml_fake.h"

namespace whygpu {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::ThrowsMessage;

constexpr char kBusId[] = "0000:65:00.0";

class NvmlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    handle_ = dlopen(NVML_FAKE_LIBRARY, RTLD_NOW);
    ASSERT_NE(handle_, nullptr) << dlerror();
    fake_ = static_cast<NvmlFake*>(dlsym(handle_, "nvml_fake"));
    *fake_ = {.bus_id = kBusId,
              .starts = true,
              .has_power = true,
              .sm_mhz = 1755,
              .memory_mhz = 2619,
              .milliwatts = 312500,
              .limit_milliwatts = 700000,
              .celsius = 54,
              .millijoules = 1500,
              .clock_limits = 0,
              .thermal_nanoseconds = 0,
              .processes = 2,
              .open = 0};
  }
  void TearDown() override { dlclose(handle_); }

  void* handle_ = nullptr;
  NvmlFake* fake_ = nullptr;
};

TEST_F(NvmlTest, ReadsInPlainUnits) {
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  EXPECT_EQ(device.driver_version(), "580.65.06");
  EXPECT_THAT(device.sm_mhz(), Optional(1755.0));
  EXPECT_THAT(device.memory_mhz(), Optional(2619.0));
  EXPECT_THAT(device.power_watts(), Optional(312.5));
  EXPECT_THAT(device.power_limit_watts(), Optional(700.0));
  EXPECT_THAT(device.energy_joules(), Optional(1.5));
  EXPECT_THAT(device.temperature_celsius(), Optional(54.0));
  EXPECT_THAT(device.ecc(), Optional(true));
  EXPECT_THAT(device.processes(), Optional(2.0));
}

TEST_F(NvmlTest, WhatTheDeviceOrDriverLacksIsEmpty) {
  fake_->has_power = false;
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  EXPECT_EQ(device.power_watts(), std::nullopt);
  EXPECT_EQ(device.mig(), std::nullopt);
}

TEST_F(NvmlTest, EveryFailureToOpenSaysWhy) {
  EXPECT_THAT([] { NvmlDevice(kBusId, "libno-such-library.so.1"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("libno-such-library.so.1")));
  EXPECT_THAT([] { NvmlDevice("0000:00:00.0", NVML_FAKE_LIBRARY); },
              ThrowsMessage<std::runtime_error>("NVML has no device 0000:00:00.0: Not Found"));
  fake_->starts = false;
  EXPECT_THAT([] { NvmlDevice(kBusId, NVML_FAKE_LIBRARY); },
              ThrowsMessage<std::runtime_error>("NVML does not start: Driver Not Loaded"));
  EXPECT_EQ(fake_->open, 0);
}

TEST_F(NvmlTest, ThePowerCapAndIdleClocksAreNoDisturbance) {
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  ThrottleWatch watch(device);
  fake_->clock_limits = 0x1 | 0x2 | 0x4;
  EXPECT_THAT(watch.since_last(), IsEmpty());
}

TEST_F(NvmlTest, HeatNowIsADisturbance) {
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  ThrottleWatch watch(device);
  fake_->clock_limits = 0x4 | 0x8 | 0x40;
  EXPECT_EQ(watch.since_last(), "the GPU throttles: hardware slowdown, thermal (hardware)");
}

TEST_F(NvmlTest, HeatThatHasPassedIsToldOnce) {
  fake_->thermal_nanoseconds = 7'000'000;
  const NvmlDevice device(kBusId, NVML_FAKE_LIBRARY);
  ThrottleWatch watch(device);
  EXPECT_THAT(watch.since_last(), IsEmpty());
  fake_->thermal_nanoseconds += 2'500'000;
  EXPECT_EQ(watch.since_last(), "the GPU throttled: thermal, for 2.5 ms");
  EXPECT_THAT(watch.since_last(), IsEmpty());
}

}  // namespace
}  // namespace whygpu
