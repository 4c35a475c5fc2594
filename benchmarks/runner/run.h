// A complete run: planned, measured in rounds with a journal beside the result file, and written at the end.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "benchmarks/runner/rounds.h"
#include "benchmarks/runner/run_options.h"
#include "reports/results/result_file.h"

namespace whygpu {

// How a run reports to its caller.
struct RunCallbacks {
  std::function<void(const std::string& line)> say;
  std::function<void(const Progress&)> progress;

  // Whether some case exceeds a measured ceiling without a reason; the ceilings are then measured again.
  std::function<bool(const ResultFile& so_far)> contradicts_itself;

  // Why the times of a case cannot be true; empty if nothing speaks against them.
  std::function<std::string(const ResultFile& result, const CaseRecord& record)> suspicion;
};

struct RunOutcome {
  std::filesystem::path file;
  ResultFile result;      // the contents of `file`
  bool finished = false;  // false: interrupted

  // 0: something was measured, and nothing was incorrect, suspect or failed; 1 otherwise; 130 if interrupted.
  int exit_status() const;
};

// Runs, or resumes an interrupted run, and writes the result file. Throws CaseError on invalid options,
// std::runtime_error if something cannot be written.
RunOutcome run_sweep(const RunOptions& options, const RunCallbacks& callbacks);

}  // namespace whygpu
