// The gate: measures two builds in pairs until every case is judged, or the budget is spent.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/cases/case.h"
#include "benchmarks/runner/gate/builds.h"
#include "benchmarks/runner/gate/pairs.h"
#include "benchmarks/runner/rounds.h"
#include "reports/regression/comparison/comparison.h"
#include "reports/regression/gate/gate_schedule.h"

namespace whygpu {

struct GateOptions {
  std::vector<Case> cases;            // with or without a backend
  std::vector<std::string> backends;  // for cases without one; empty: those that either build has and can run
  PairSettings pairs;
  GateSettings rule;  // the number of cases is the gate's own
  double budget_seconds = 600;
  bool strict = false;
  bool measure_identical = false;  // also cases that run the same code on both sides
  std::uint64_t seed = 1;
};

// Throws BuildError or CaseError when nothing can be compared. `progress` is called after each pair; when `interrupted`
// becomes true the rest stays undecided.
Comparison run_gate(const Build& base, const Build& head, const GateOptions& options,
                    const std::atomic<bool>& interrupted, const std::function<void(const Progress&)>& progress);

// What makes this machine unfit to judge builds on, or a build run other kernels than it would by itself, a line each.
// Listens to the load of others, so nothing of ours may run.
std::vector<std::string> unfair_conditions(const Build& base, const Build& head, const GateOptions& options);

}  // namespace whygpu
