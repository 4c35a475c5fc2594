// Which backends a command works with.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "benchmarks/cases/case.h"
#include "benchmarks/runner/probe.h"

namespace whygpu {

// Throws CaseError for the first of `names` that is not among `known`, suggesting the nearest.
void refuse_unknown_backends(const std::vector<std::string>& names, const std::vector<std::string>& known);

// Probes the backends called `names` (all known ones when empty) through the worker of `workload`. Throws CaseError for
// a name that is neither there nor left out of the build, suggesting the nearest.
std::vector<BackendProbe> probe_backends(const std::vector<std::string>& names, const ProbeSettings& settings,
                                         const std::string& workload);

// Erases the cases of backends that have nothing of their workload: where nobody named backends, those are no news.
// `is_stranger` is asked once a pair of backend and workload.
void drop_strangers(std::vector<Case>& cases,
                    const std::function<bool(const std::string& backend, const std::string& workload)>& is_stranger);

}  // namespace whygpu
