// The most that a device can do, measured: arithmetic in registers per dtype, bandwidth per level of memory, and the
// clock that both ran at. Best of all samples of several visits, since a ceiling that load has pushed down is none.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/runner/ceilings/ceiling_cases.h"
#include "benchmarks/runner/run_state.h"
#include "reports/results/records.h"

namespace whygpu {

struct CeilingReport {
  std::vector<CeilingRecord> ceilings;
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

// Visits to the ceilings of the processor, and of the GPU where the cuda backend can run; and what they say in the end.
CeilingVisits visits_to_this_machine(const std::vector<std::string>& dtypes, int threads, int device);
CeilingReport ceilings_of_this_machine(const std::vector<std::string>& dtypes, int threads, int device);

}  // namespace whygpu
