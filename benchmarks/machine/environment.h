// What a number depends on beside the code: the machine, its limits, its settings. Readers take the root of the file
// system as a parameter, so that tests can feed them another machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/results/records.h"

namespace whygpu {

// The folder of the running program, where the workers are too.
std::filesystem::path program_folder();

// CPUs that this process may use: its affinity mask, or the cgroup's quota rounded up where that is less. At least 1.
int usable_cpus();

// CPUs' worth of time that the cgroup grants; nothing where it sets no limit.
std::optional<double> cpu_quota(const std::filesystem::path& root = "/");

// Bytes that can still be allocated: the system's available memory, or what the cgroup leaves of its limit if less.
std::size_t available_host_memory(const std::filesystem::path& root = "/");

using Cache = CacheRecord;
std::vector<Cache> caches(const std::filesystem::path& root = "/");

struct CpuFacts {
  std::string model, vendor;
  int online = 0;
  std::optional<std::string> microcode, governor;
  std::optional<bool> turbo, smt;
  std::optional<double> mhz;
  std::vector<std::string> isa;  // of the extensions that GEMM kernels use, those that this CPU has
};
CpuFacts cpu_facts(const std::filesystem::path& root = "/");

// Time that all CPUs spent in all, idle, and stolen by the hypervisor, in ticks since boot.
struct CpuTicks {
  double total = 0, idle = 0, steal = 0;
};
CpuTicks cpu_ticks(const std::filesystem::path& root = "/");

// Environment variables that change kernels, threads or memory, as set now.
std::vector<std::pair<std::string, std::string>> influential_variables();

// The one-, five- and fifteen-minute load average.
std::vector<double> load_average();

EnvironmentRecord environment_record();
ContextRecord google_benchmark_context(const std::string& executable);

}  // namespace whygpu
