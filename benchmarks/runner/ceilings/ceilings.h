// Measured peaks of a device: arithmetic in registers per dtype, bandwidth per level of memory, and the
// clock during both. The best of all samples of several visits, since other load only lowers a measurement.
#pragma once

#include <filesystem>
#include <functional>
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

// The rate in the second half of the samples, by time: clocks have then settled at the power limit. Median; 0 without
// samples.
double sustained_rate(const CaseRecord& result);

// Best of the results of one visit. `results` maps case text to result.
CeilingReport best_ceilings(const std::vector<CeilingCase>& cases, const RunState& results);

// Best of all visits. A visit with a clock below kSteadyClock of the highest was disturbed.
CeilingReport best_of_visits(const std::vector<CeilingReport>& visits);
inline constexpr double kSteadyClock = 0.95;

// Whether the processor was shared during a visit: its arithmetic got less CPU time than its threads could use.
bool was_shared(const RunState& results, int threads);

// Measures the same ceilings repeatedly.
class CeilingVisits {
 public:
  CeilingVisits(std::vector<CeilingCase> cases, std::filesystem::path worker_folder, int threads, int device);

  // Runs every case in a worker process; only those of `workload`, if given.
  void visit(std::string_view workload = {});

  // Repeats visits until that many were undisturbed, at most `most` times. Returns how many it made.
  int measure(int undisturbed, int most);

  // Runs arithmetic for a second per dtype, on `backend` only if given, and records what is sustained.
  void sustain(std::string_view backend = {});

  // Adds earlier measurements, for example of a resumed run.
  void add(CeilingReport visit) { visits_.push_back(std::move(visit)); }

  CeilingReport best() const { return best_of_visits(visits_); }
  double seconds() const { return seconds_; }  // spent in visits

 private:
  // One worker process for `cases`; calls `annotate` on the report before it is added.
  void run(const std::vector<CeilingCase>& cases, double sample_seconds,
           const std::function<void(CeilingReport&, const RunState&)>& annotate);

  std::vector<CeilingCase> cases_;
  std::filesystem::path worker_folder_;
  int threads_, device_;
  std::vector<CeilingReport> visits_;
  double seconds_ = 0;
};

// Visits for the ceilings of the processor, and of the GPU if the cuda backend is usable, and their final result.
CeilingVisits visits_to_this_machine(const std::vector<std::string>& dtypes, int threads, int device);
CeilingReport ceilings_of_this_machine(const std::vector<std::string>& dtypes, int threads, int device);

}  // namespace whygpu
