// A stand-in for libnvidia-ml with the functions that NvmlDevice calls. nvmlDeviceGetMigMode is left out, as in drivers
// that are older than it.
#include "backends/devices/nvml_fake.h"

#include <cstring>

#define NVML_FAKE extern "C" __attribute__((visibility("default")))

NVML_FAKE NvmlFake nvml_fake;
NvmlFake nvml_fake;

namespace {

constexpr int kSuccess = 0;
constexpr int kNotSupported = 3;
constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;
constexpr int kDriverNotLoaded = 9;

template <class T>
int give(T* out, T value) {
  *out = value;
  return kSuccess;
}

}  // namespace

NVML_FAKE int nvmlInit_v2() { return nvml_fake.starts ? (++nvml_fake.open, kSuccess) : kDriverNotLoaded; }
NVML_FAKE int nvmlShutdown() { return --nvml_fake.open, kSuccess; }
NVML_FAKE const char* nvmlErrorString(int status) {
  return status == kDriverNotLoaded ? "Driver Not Loaded" : status == kNotFound ? "Not Found" : "Unknown Error";
}
NVML_FAKE int nvmlSystemGetDriverVersion(char* version, unsigned) {
  return std::strcpy(version, "580.65.06"), kSuccess;
}
NVML_FAKE int nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, void** device) {
  return std::strcmp(bus_id, nvml_fake.bus_id) == 0 ? give(device, static_cast<void*>(&nvml_fake)) : kNotFound;
}
NVML_FAKE int nvmlDeviceGetClockInfo(void*, unsigned clock, unsigned* mhz) {
  return give(mhz, clock == 1 ? nvml_fake.sm_mhz : nvml_fake.memory_mhz);
}
NVML_FAKE int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  return nvml_fake.has_power ? give(milliwatts, nvml_fake.milliwatts) : kNotSupported;
}
NVML_FAKE int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* milliwatts) {
  return nvml_fake.has_power ? give(milliwatts, nvml_fake.limit_milliwatts) : kNotSupported;
}
NVML_FAKE int nvmlDeviceGetTotalEnergyConsumption(void*, unsigned long long* millijoules) {
  return give(millijoules, nvml_fake.millijoules);
}
NVML_FAKE int nvmlDeviceGetTemperature(void*, unsigned, unsigned* celsius) { return give(celsius, nvml_fake.celsius); }
NVML_FAKE int nvmlDeviceGetEccMode(void*, unsigned* current, unsigned* pending) {
  return give(current, 1U), give(pending, 0U);
}
NVML_FAKE int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned* count, void*) {
  const bool fits = nvml_fake.processes <= *count;
  *count = nvml_fake.processes;
  return fits ? kSuccess : kInsufficientSize;
}
NVML_FAKE int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* limits) {
  return give(limits, nvml_fake.clock_limits);
}
NVML_FAKE int nvmlDeviceGetViolationStatus(void*, unsigned policy, unsigned long long* reference_and_violation) {
  reference_and_violation[0] = 0;
  reference_and_violation[1] = policy == 1 ? nvml_fake.thermal_nanoseconds : 0;
  return kSuccess;
}
