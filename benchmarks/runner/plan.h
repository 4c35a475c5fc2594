// What a run measures: decided before the first worker starts, or read from the journal when a run is resumed.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmarks/cases/case.h"
#include "benchmarks/runner/run_options.h"
#include "reports/results/result_file.h"

namespace whygpu {

struct RunPlan {
  std::string sweep;  // as typed
  std::vector<Case> cases;
  std::vector<BackendRecord> backends;
  int threads = 1;                  // of each process
  double usual_budget_seconds = 0;  // default budget for this many cases
  bool short_run = false;           // --quick or the sweep "quick": the usual budget is a promise
};

// Throws CaseError.
RunPlan plan_run(const RunOptions& options);

// Backends that run OpenCL on the CPU become unusable, with a reason, unless a problem names them.
void leave_out_cpu_opencl(std::vector<BackendRecord>& backends, const std::vector<Case>& problems);

// "a, b are left out: why", one line for each reason.
std::vector<std::string> excluded_backend_lines(const std::vector<BackendRecord>& backends);

// A plan and what was detected about the machine.
struct PlannedRun {
  std::vector<Case> cases;
  ResultFile facts;  // the result file without its cases

  // The first record of a journal, and the run that it describes. Throws CaseError if it is another record or its cases
  // are not of this build, and ResultFileError if it is damaged.
  nlohmann::json header() const;
  static PlannedRun from_header(const nlohmann::json& header, const std::filesystem::path& journal);

  // Throws CaseError if the run was started on another machine.
  void refuse_other_machine(const std::filesystem::path& journal) const;

  // Records that end the cases of backends which cannot run here: asked for by name, or crashed.
  std::vector<EndRecord> refusals() const;
};

}  // namespace whygpu
