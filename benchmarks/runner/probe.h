// Finds the available backends and what they support, each in its own worker process.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/runner/child_process.h"
#include "benchmarks/worker/records.h"

namespace whygpu {

// A backend that can run here has a device; one that cannot has a reason.
struct BackendProbe : BackendRecord {
  std::vector<SupportRecord> support = {};  // one for each probe case of the workload

  bool offers_nothing() const;  // it was probed, and supports no probe case of the workload
};

struct ProbeSettings {
  std::filesystem::path worker_folder;
  int threads = 1;
  int device = 0;
};

// Probes a backend in the worker of any build.
BackendProbe probe_backend(const ProbeSettings& settings, const std::string& name, const std::string& workload,
                           const EnvironmentChanges& environment = {});

// Why this build excludes the backend; nothing if it has a module for it, or does not know it.
std::optional<std::string> why_left_out(const std::string& name);

// Names of all modules in this build, and of all backends excluded from it.
std::vector<std::string> known_backends();

// Throws CaseError for the first of `names` that is not in `known`, suggesting the nearest.
void refuse_unknown_backends(const std::vector<std::string>& names, const std::vector<std::string>& known);

// Probes the backends `names` (all known ones if empty) with the worker of `workload`. Throws CaseError for a
// name that is neither available nor excluded from the build.
std::vector<BackendProbe> probe_backends(const std::vector<std::string>& names, const ProbeSettings& settings,
                                         const std::string& workload);

}  // namespace whygpu
