// A libnvidia-ml of three GPUs for tests: 0 has an energy counter (2.5 J a reading), 1 power only, 2 neither. GPU 0
// runs below its power limit's default, with ECC off, on a slow link, beside another process.
#include <cstring>

#define NVML extern "C" __attribute__((visibility("default"))) int

namespace {
constexpr int kOk = 0, kNotSupported = 3;
int handles[3];
unsigned long long millijoules = 0;
}  // namespace

NVML nvmlInit_v2() { return kOk; }
NVML nvmlShutdown() { return kOk; }
NVML nvmlDeviceGetCount_v2(unsigned* count) { return *count = 3, kOk; }
NVML nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) { return *device = &handles[index], kOk; }
NVML nvmlDeviceGetName(void*, char* name, unsigned length) { return std::strncpy(name, "Fake GPU", length), kOk; }

NVML nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* energy) {
  if (device != &handles[0]) return kNotSupported;
  return *energy = millijoules += 2500, kOk;
}
NVML nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
  if (device != &handles[1]) return kNotSupported;
  return *milliwatts = 250'000, kOk;
}

NVML nvmlDeviceGetPowerManagementLimit(void* device, unsigned* milliwatts) {
  return *milliwatts = device == &handles[0] ? 500'000 : 700'000, kOk;
}
NVML nvmlDeviceGetPowerManagementDefaultLimit(void*, unsigned* milliwatts) { return *milliwatts = 700'000, kOk; }
NVML nvmlDeviceGetMaxClockInfo(void*, int, unsigned* mhz) { return *mhz = 1980, kOk; }
NVML nvmlDeviceGetClockInfo(void*, int, unsigned* mhz) { return *mhz = 345, kOk; }
NVML nvmlDeviceGetEccMode(void* device, unsigned* current, unsigned* pending) {
  return *current = *pending = device == &handles[0] ? 0 : 1, kOk;
}
NVML nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  if (device == &handles[2]) return kNotSupported;
  return *current = *pending = device == &handles[1] ? 1 : 0, kOk;
}
NVML nvmlDeviceGetPersistenceMode(void*, unsigned* mode) { return *mode = 0, kOk; }
NVML nvmlDeviceGetCurrPcieLinkWidth(void* device, unsigned* width) {
  return *width = device == &handles[0] ? 8 : 16, kOk;
}
NVML nvmlDeviceGetMaxPcieLinkWidth(void*, unsigned* width) { return *width = 16, kOk; }
NVML nvmlDeviceGetCurrPcieLinkGeneration(void*, unsigned* generation) { return *generation = 5, kOk; }
NVML nvmlDeviceGetMaxPcieLinkGeneration(void*, unsigned* generation) { return *generation = 5, kOk; }

struct ProcessInfo {
  unsigned pid;
  unsigned long long used_memory;
  unsigned gpu_instance, compute_instance;
};
NVML nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, ProcessInfo* processes) {
  *count = device == &handles[0] ? 1 : 0;
  if (*count == 1) processes[0] = {4242, 1ULL << 30, 0, 0};
  return kOk;
}
