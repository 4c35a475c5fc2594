// The gate: measures two builds in pairs until every case is judged or the budget is spent.
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
#include "reports/regression/gate/comparison.h"
#include "reports/regression/gate/gate_schedule.h"

namespace whygpu {

struct GateOptions {
  std::vector<Case> cases;            // with or without a backend
  std::vector<std::string> backends;  // for cases without one; empty: those usable in either build
  PairSettings pairs;
  GateSettings rule;  // the number of cases is set by the gate
  double budget_seconds = 600;
  bool strict = false;
  bool measure_identical = false;  // also measure cases whose code is identical on both sides
  std::uint64_t seed = 1;
};

// Throws BuildError or CaseError if nothing can be compared. `progress` is called after each pair; if `interrupted`
// becomes true, the remaining cases stay undecided.
Comparison run_gate(const Build& base, const Build& head, const GateOptions& options,
                    const std::atomic<bool>& interrupted, const std::function<void(const Progress&)>& progress);

// Conditions that make this machine unsuitable for a gate, or that change a build's kernel selection, one per line.
// Observes the load of other programs, so this process must be idle.
std::vector<std::string> unfair_conditions(const Build& base, const Build& head, const GateOptions& options);

}  // namespace whygpu
