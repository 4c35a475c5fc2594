// What makes this machine unfit to measure on, or a comparison unfair, in words and with what to do about it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmarks/machine/environment.h"
#include "benchmarks/runner/probe.h"

namespace whygpu {

struct Finding {
  bool serious = false;
  std::string what;
  std::string remedy;
};

nlohmann::json to_json(const Finding& finding);

// How busy the machine was over an interval, as fractions of all CPU time.
struct Busyness {
  double busy = 0, steal = 0;
};
Busyness busyness(const CpuTicks& before, const CpuTicks& after);
// Over the next `seconds`, during which nothing of ours may run: the work of others.
Busyness listen_to_others(double seconds = 0.5);

std::vector<Finding> cpu_findings(const CpuFacts& cpu, std::optional<double> quota, int threads);

// `busy` is work of others.
std::vector<Finding> load_findings(const Busyness& busyness);

// `steal` is the part of all CPU time that the hypervisor took during a run.
std::vector<Finding> steal_findings(double steal);

// The same backend asked twice, as the environment is and with `variables` removed: what these variables changed.
std::vector<Finding> variable_findings(const BackendProbe& as_is, const BackendProbe& without,
                                       const std::vector<std::pair<std::string, std::string>>& variables);

// Variables of influential_variables() that may change what a library dispatches to.
std::vector<std::pair<std::string, std::string>> dispatch_variables();

// Asks each usable backend again without the dispatch variables, where any is set.
std::vector<Finding> dispatch_findings(const std::vector<BackendProbe>& backends, const ProbeSettings& settings,
                                       const std::string& workload);

// Spread of a fixed piece of arithmetic, run for `seconds` on one thread: (95th percentile / fastest) - 1.
double noise_floor(double seconds);
std::vector<Finding> noise_findings(double noise);

}  // namespace whygpu
