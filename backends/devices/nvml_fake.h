// A fake libnvidia-ml for tests. Its answers are set in the `nvml_fake` that the module exports.
#pragma once

#include <dlfcn.h>

#include <cstdlib>

struct NvmlFakeGpu {
  const char* bus_id = "00000000:65:00.0";  // as NVML writes it
  const char* name = "Fake GPU";
  bool has_energy = true, has_power = true, has_mig = true;
  bool has_throttle_reasons = true, has_event_reasons = true;  // the names before and after driver 535
  bool has_calls_removed_in_cuda_14 = true;
  unsigned sm_mhz = 1755, sm_max_mhz = 1980, memory_mhz = 2619, celsius = 54;
  unsigned milliwatts = 312'500, limit_milliwatts = 700'000, default_limit_milliwatts = 700'000;
  unsigned lanes = 16, generation = 5;  // at most 16 and 5
  unsigned ecc = 1, mig = 0;
  unsigned processes = 0;  // their ids start at 4242
  unsigned long long millijoules = 1500, clock_limits = 0, thermal_nanoseconds = 0;
};

struct NvmlFake {
  bool starts = true;
  unsigned count = 1;
  NvmlFakeGpu gpus[4];
  int open = 0;  // nvmlInit calls not yet shut down
};

// Resets the fake's answers. The module stays loaded.
inline NvmlFake& reset_nvml_fake(const char* module) {
  void* handle = dlopen(module, RTLD_NOW);
  if (handle == nullptr) std::abort();
  static auto* fake = static_cast<NvmlFake*>(dlsym(handle, "nvml_fake"));
  *fake = NvmlFake{};
  return *fake;
}
