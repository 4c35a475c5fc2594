// What the tests' stand-in for libnvidia-ml answers; exported as `nvml_fake`.
#pragma once

struct NvmlFake {
  const char* bus_id;
  bool starts;
  bool has_power;  // power readings and limits
  unsigned sm_mhz, memory_mhz, milliwatts, limit_milliwatts, celsius;
  unsigned long long millijoules, clock_limits, thermal_nanoseconds;
  unsigned processes;
  int open;  // nvmlInit calls not yet shut down
};
