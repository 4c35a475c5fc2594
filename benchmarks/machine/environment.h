// The environment of a measurement: the machine, its limits, its settings. Readers take the root of the file
// system as a parameter, so that tests can substitute another machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/results/records.h"

namespace whygpu {

// The folder of the running program, which also contains the workers.
std::filesystem::path program_folder();

// CPUs available to this process: its affinity mask, or the cgroup's quota rounded up if that is less. At least 1.
int usable_cpus();

std::string host_name();

// CPU quota of the cgroup in CPUs; nothing if there is no limit.
std::optional<double> cpu_quota(const std::filesystem::path& root = "/");

// Bytes that can still be allocated: the system's available memory, or the rest of the cgroup's limit if that is less.
std::size_t available_host_memory(const std::filesystem::path& root = "/");

std::vector<CacheRecord> caches(const std::filesystem::path& root = "/");

struct CpuFacts {
  std::string model, vendor;
  int online = 0;
  bool emulated = false;  // the processor is of another architecture than this program
  std::optional<std::string> microcode, governor;
  std::optional<bool> turbo, smt;
  std::optional<double> mhz;
  std::vector<std::string> isa;  // extensions used by GEMM kernels that this CPU supports
};
CpuFacts cpu_facts(const std::filesystem::path& root = "/");

// Total, idle and stolen time of all CPUs, in ticks since boot.
struct CpuTicks {
  double total = 0, idle = 0, steal = 0;
};
CpuTicks cpu_ticks(const std::filesystem::path& root = "/");

// Environment variables that affect kernels, threads or memory and are set now.
std::vector<std::pair<std::string, std::string>> influential_variables();

// The 1-, 5- and 15-minute load averages.
std::vector<double> load_average();

// All of the above in the format of the result file, and Google Benchmark's description of the machine.
EnvironmentRecord environment_record();
ContextRecord google_benchmark_context(const std::string& executable);

}  // namespace whygpu
