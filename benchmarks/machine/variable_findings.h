// What environment variables do to the libraries: other kernels, other threads, and what that costs. The backends are
// asked, and timed, in worker processes with and without each variable.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "benchmarks/machine/findings.h"
#include "benchmarks/runner/probe.h"

namespace whygpu {

// Variables of influential_variables() that may change what a library dispatches to.
std::vector<std::pair<std::string, std::string>> dispatch_variables();

// Asks each usable backend again without the dispatch variables, where any is set.
std::vector<FindingRecord> dispatch_findings(const std::vector<BackendRecord>& backends, const ProbeSettings& settings,
                                             const std::string& workload);

// The same backend asked twice, as the environment is and with `variables` removed: what these variables changed.
std::vector<FindingRecord> variable_findings(const BackendRecord& as_is, const BackendRecord& without,
                                             const std::vector<std::pair<std::string, std::string>>& variables);

// Measures GEMM with and without each of dispatch_variables() that changed a backend's dispatch, in pairs of processes
// back to back; some seconds for each.
std::vector<FindingRecord> variable_costs(const std::vector<BackendRecord>& backends, const ProbeSettings& settings);

// What a variable that changes kernels costs: `slowdown` is time with it over time without.
FindingRecord variable_cost(const std::string& backend, const std::string& variable, const std::string& problem,
                            double slowdown);

}  // namespace whygpu
