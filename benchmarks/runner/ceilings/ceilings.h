// The most that a device can do, measured: arithmetic in registers per dtype, bandwidth per level of memory, and the
// clock that both ran at. Best of all samples of several visits, since a ceiling that load has pushed down is none.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/machine/environment.h"
#include "benchmarks/runner/run_state.h"

namespace whygpu {

struct Ceiling {
  std::string device;
  std::string kind;   // "flops", "bandwidth", "transfer", "clock", "latency"
  std::string dtype;  // of "flops"
  std::string level;  // of "bandwidth": L1, L2, L3, memory; "transfer": to_device, to_host, both_ways; "latency":
                      // launch, replay
  double value = 0;
  std::string unit;     // FLOP/s, B/s, Hz or s; s8 counts integer operations
  std::string how;      // what ran: kernel, instruction, threads
  int visits = 1;       // that measured it
  int undisturbed = 1;  // of them, those that nothing else on the machine held down
};
nlohmann::json to_json(const Ceiling& ceiling);
Ceiling ceiling_from_json(const nlohmann::json& object);

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

// Best of the results of one visit. Pure: `results` are those of the cases, by their text.
CeilingReport best_ceilings(const std::vector<CeilingCase>& cases, const RunState& results);

// Best of all visits. One whose clock lies under kSteadyClock of the highest was disturbed.
CeilingReport best_of_visits(const std::vector<CeilingReport>& visits);
inline constexpr double kSteadyClock = 0.95;

// Whether the processor was shared during a visit: its arithmetic had less CPU time than its threads could have had.
bool was_shared(const RunState& results, int threads);

// Measures the same ceilings again and again.
class CeilingVisits {
 public:
  CeilingVisits(std::vector<CeilingCase> cases, std::filesystem::path worker_folder, int threads, int device);

  // Runs every case in a worker process; only those of the workload, where one is named.
  void visit(std::string_view workload = {});

  // Visits until so many were undisturbed, at most `most` times.
  void measure(int undisturbed, int most);

  // Takes what was measured before, such as in a run that is resumed.
  void add(CeilingReport visit) { visits_.push_back(std::move(visit)); }

  CeilingReport best() const { return best_of_visits(visits_); }
  double seconds() const { return seconds_; }  // spent in visits

 private:
  std::vector<CeilingCase> cases_;
  std::filesystem::path worker_folder_;
  int threads_, device_;
  std::vector<CeilingReport> visits_;
  double seconds_ = 0;
};

}  // namespace whygpu
