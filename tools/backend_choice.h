// Which backends a command works with.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/probe.h"

namespace whygpu {

// Probes the backends called `names` (all known ones when empty) through the worker of `workload`. Throws CaseError for
// a name that is neither there nor left out of the build, suggesting the nearest.
std::vector<BackendProbe> probe_backends(const std::vector<std::string>& names, const ProbeSettings& settings,
                                         const std::string& workload);

}  // namespace whygpu
