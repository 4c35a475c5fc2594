// The kernels that libraries choose, and the effect of environment variables on them: other kernels, other thread
// counts, and their cost. Backends are queried, and timed, in worker processes with and without each variable.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "benchmarks/machine/findings.h"
#include "benchmarks/runner/probe.h"

namespace whygpu {

// A fact of a backend whose library has no kernels for this processor: the variable that chooses better ones, such as
// "BLIS_ARCH_TYPE=6 (kernels for zen3)".
inline constexpr const char* kFasterWith = "faster_with";

// Reports the backends that have the fact kFasterWith.
std::vector<FindingRecord> kernel_findings(const std::vector<BackendRecord>& backends);

// The variables of influential_variables() that may change what a library dispatches to.
std::vector<std::pair<std::string, std::string>> dispatch_variables();

// Queries each usable backend again without the dispatch variables, if any is set.
std::vector<FindingRecord> dispatch_findings(const std::vector<BackendRecord>& backends, const ProbeSettings& settings,
                                             const std::string& workload);

// What `variables` changed in a backend: `as_is` is the backend with them, `without` with them removed.
std::vector<FindingRecord> variable_findings(const BackendRecord& as_is, const BackendRecord& without,
                                             const std::vector<std::pair<std::string, std::string>>& variables);

// Measures GEMM with and without each of dispatch_variables() that changed a backend's dispatch, in back-to-back pairs
// of processes; takes some seconds for each.
std::vector<FindingRecord> variable_costs(const std::vector<BackendRecord>& backends, const ProbeSettings& settings);

// The cost of a variable that changes kernels: `slowdown` is time with it over time without.
FindingRecord variable_cost(const std::string& backend, const std::string& variable, const std::string& problem,
                            double slowdown);

}  // namespace whygpu
