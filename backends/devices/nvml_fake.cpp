#include "backends/devices/nvml_fake.h"

#include <cstring>

#define NVML_FAKE extern "C" __attribute__((visibility("default")))

NVML_FAKE NvmlFake nvml_fake;
NvmlFake nvml_fake;

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;
constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;
constexpr int kDriverNotLoaded = 9;
constexpr int kFunctionNotFound = 13;
constexpr int kArgumentVersionMismatch = 25;
constexpr int kDeprecated = 26;
constexpr unsigned kThermalField = 75;
constexpr unsigned kFirstProcess = 4242;

struct Temperature {
  unsigned version, sensor;
  int celsius;
};

struct FieldValue {
  unsigned field, scope;
  long long timestamp, latency_microseconds;
  unsigned type;
  int code;
  unsigned long long value;
};

struct PciInfo {
  char legacy_bus_id[16];
  unsigned domain, bus, device, device_id, subsystem_id;
  char bus_id[32];
};

struct ProcessInfo {
  unsigned pid;
  unsigned long long used_memory;
  unsigned gpu_instance, compute_instance;
};

template <class T>
int give(T* out, T value) {
  *out = value;
  return kSuccess;
}

NvmlFakeGpu& gpu(void* device) { return *static_cast<NvmlFakeGpu*>(device); }

// NVML also accepts a domain of four digits.
bool is_at(const NvmlFakeGpu& gpu, const char* bus_id) {
  return std::strcmp(gpu.bus_id, bus_id) == 0 || std::strcmp(gpu.bus_id + 4, bus_id) == 0;
}

}  // namespace

NVML_FAKE int nvmlInit_v2() { return nvml_fake.starts ? (++nvml_fake.open, kSuccess) : kDriverNotLoaded; }
NVML_FAKE int nvmlShutdown() { return --nvml_fake.open, kSuccess; }
NVML_FAKE const char* nvmlErrorString(int code) {
  return code == kDriverNotLoaded ? "Driver Not Loaded" : code == kNotFound ? "Not Found" : "Unknown Error";
}
NVML_FAKE int nvmlSystemGetDriverVersion(char* version, unsigned) {
  return std::strcpy(version, "580.65.06"), kSuccess;
}
NVML_FAKE int nvmlDeviceGetCount_v2(unsigned* count) { return give(count, nvml_fake.count); }
NVML_FAKE int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  return index < nvml_fake.count ? give(device, static_cast<void*>(&nvml_fake.gpus[index])) : kInvalidArgument;
}
NVML_FAKE int nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, void** device) {
  for (unsigned i = 0; i < nvml_fake.count; ++i) {
    if (is_at(nvml_fake.gpus[i], bus_id)) return give(device, static_cast<void*>(&nvml_fake.gpus[i]));
  }
  return kNotFound;
}
NVML_FAKE int nvmlDeviceGetPciInfo_v3(void* device, PciInfo* info) {
  *info = {};
  std::strncpy(info->bus_id, gpu(device).bus_id, sizeof info->bus_id - 1);
  std::strncpy(info->legacy_bus_id, gpu(device).bus_id + 4, sizeof info->legacy_bus_id - 1);
  return kSuccess;
}
NVML_FAKE int nvmlDeviceGetName(void* device, char* name, unsigned length) {
  return std::strncpy(name, gpu(device).name, length), kSuccess;
}
NVML_FAKE int nvmlDeviceGetClockInfo(void* device, unsigned clock, unsigned* mhz) {
  return give(mhz, clock == 1 ? gpu(device).sm_mhz : gpu(device).memory_mhz);
}
NVML_FAKE int nvmlDeviceGetMaxClockInfo(void* device, unsigned, unsigned* mhz) {
  return give(mhz, gpu(device).sm_max_mhz);
}
NVML_FAKE int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
  return gpu(device).has_power ? give(milliwatts, gpu(device).milliwatts) : kNotSupported;
}
NVML_FAKE int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned* milliwatts) {
  return gpu(device).has_power ? give(milliwatts, gpu(device).limit_milliwatts) : kNotSupported;
}
NVML_FAKE int nvmlDeviceGetPowerManagementDefaultLimit(void* device, unsigned* milliwatts) {
  return gpu(device).has_power ? give(milliwatts, gpu(device).default_limit_milliwatts) : kNotSupported;
}
NVML_FAKE int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
  return gpu(device).has_energy ? give(millijoules, gpu(device).millijoules) : kNotSupported;
}
NVML_FAKE int nvmlDeviceGetTemperature(void* device, unsigned, unsigned* celsius) {
  return gpu(device).has_calls_removed_in_cuda_14 ? give(celsius, gpu(device).celsius) : kDeprecated;
}
NVML_FAKE int nvmlDeviceGetTemperatureV(void* device, Temperature* temperature) {
  if (temperature->version != (sizeof *temperature | 1U << 24)) return kArgumentVersionMismatch;
  return give(&temperature->celsius, static_cast<int>(gpu(device).celsius));
}
NVML_FAKE int nvmlDeviceGetCurrPcieLinkWidth(void* device, unsigned* lanes) { return give(lanes, gpu(device).lanes); }
NVML_FAKE int nvmlDeviceGetMaxPcieLinkWidth(void*, unsigned* lanes) { return give(lanes, 16U); }
NVML_FAKE int nvmlDeviceGetCurrPcieLinkGeneration(void* device, unsigned* generation) {
  return give(generation, gpu(device).generation);
}
NVML_FAKE int nvmlDeviceGetMaxPcieLinkGeneration(void*, unsigned* generation) { return give(generation, 5U); }
NVML_FAKE int nvmlDeviceGetEccMode(void* device, unsigned* current, unsigned* pending) {
  return give(current, gpu(device).ecc), give(pending, 0U);
}
NVML_FAKE int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  if (!gpu(device).has_mig) return kNotSupported;
  return give(current, gpu(device).mig), give(pending, 0U);
}
NVML_FAKE int nvmlDeviceGetPersistenceMode(void*, unsigned* mode) { return give(mode, 0U); }
NVML_FAKE int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, ProcessInfo* processes) {
  const unsigned room = *count;
  *count = gpu(device).processes;
  if (room < *count) return kInsufficientSize;
  for (unsigned i = 0; i < *count; ++i) processes[i] = {kFirstProcess + i, 1ULL << 30, 0, 0};
  return kSuccess;
}
NVML_FAKE int nvmlDeviceGetCurrentClocksThrottleReasons(void* device, unsigned long long* limits) {
  return gpu(device).has_throttle_reasons ? give(limits, gpu(device).clock_limits) : kDeprecated;
}
NVML_FAKE int nvmlDeviceGetCurrentClocksEventReasons(void* device, unsigned long long* limits) {
  return gpu(device).has_event_reasons ? give(limits, gpu(device).clock_limits) : kFunctionNotFound;
}
NVML_FAKE int nvmlDeviceGetFieldValues(void* device, int count, FieldValue* fields) {
  for (int i = 0; i < count; ++i) {
    fields[i].code = fields[i].field == kThermalField ? kSuccess : kNotSupported;
    fields[i].value = gpu(device).thermal_nanoseconds;
  }
  return kSuccess;
}
NVML_FAKE int nvmlDeviceGetViolationStatus(void* device, unsigned policy, unsigned long long* reference_and_violation) {
  if (!gpu(device).has_calls_removed_in_cuda_14) return kDeprecated;
  reference_and_violation[0] = 0;
  reference_and_violation[1] = policy == 1 ? gpu(device).thermal_nanoseconds : 0;
  return kSuccess;
}
