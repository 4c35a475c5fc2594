// What an environment variable costs that makes a library choose other kernels.
#pragma once

#include <vector>

#include "benchmarks/runner/probe.h"
#include "benchmarks/machine/findings.h"

namespace whygpu {

// Measures GEMM with and without each of dispatch_variables() that changed a backend's dispatch, in pairs of processes
// back to back; some seconds for each.
std::vector<Finding> variable_costs(const std::vector<BackendProbe>& backends, const ProbeSettings& settings);

}  // namespace whygpu
