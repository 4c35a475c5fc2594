// The most that a device can do, measured: arithmetic in registers per dtype, bandwidth per level of memory, and the
// clock that both ran at. Best of all samples, since a ceiling that load has pushed down is none.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/environment.h"
#include "benchmarks/run_state.h"

namespace whygpu {

struct Ceiling {
  std::string device;
  std::string kind;   // "flops", "bandwidth", "transfer", "clock", "latency"
  std::string dtype;  // of "flops"
  std::string level;  // of "bandwidth": L1, L2, L3, memory; "transfer": to_device, to_host, both_ways; "latency": launch, replay
  double value = 0;
  std::string unit;  // FLOP/s, B/s, Hz or s; s8 counts integer operations
  std::string how;   // what ran: kernel, instruction, threads
};
nlohmann::json to_json(const Ceiling& ceiling);

// A ceiling to be, and the case that measures it. Several cases may stand for one ceiling: the best counts.
struct CeilingCase {
  Case c;
  std::string kind, dtype, level;
};

// Cases for the processor (backend "host") with `threads` threads: working sets half of a cache level, and four times
// the last level for memory. Cases for an NVIDIA GPU (backend "cuda") by sizes that fill any of them.
std::vector<CeilingCase> host_ceiling_cases(const std::vector<std::string>& dtypes, int threads,
                                            const std::vector<Cache>& caches);
std::vector<CeilingCase> cuda_ceiling_cases(const std::vector<std::string>& dtypes);

// The dtypes that ceilings are measured for.
std::vector<std::string> ceiling_dtypes();

struct CeilingReport {
  std::vector<Ceiling> ceilings;
  std::vector<std::string> missing;  // "f16: no instruction …", one line each
};

// Best of the results. Pure: `results` are those of the cases, by their text.
CeilingReport best_ceilings(const std::vector<CeilingCase>& cases, const RunState& results);

// Runs the cases in worker processes, one for each workload.
CeilingReport measure_ceilings(const std::vector<CeilingCase>& cases, const std::filesystem::path& worker_folder,
                               int threads, int device);

}  // namespace whygpu
