// Asks what backends are there and what they say of themselves, each in a worker process of its own.
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

  bool offers_nothing() const;  // it was asked, and says no to every probe case of the workload
};

BackendProbe unusable_backend(const std::string& name, const std::string& reason);

struct ProbeSettings {
  std::filesystem::path worker_folder;
  int threads = 1;
  int device = 0;
};

// Asks a worker of any build.
BackendProbe probe_backend(const ProbeSettings& settings, const std::string& name, const std::string& workload,
                           const EnvironmentChanges& environment = {});

// Why this build left the backend out; nothing where it has a module for it, or never heard of it.
std::optional<std::string> why_left_out(const std::string& name);

// Names of all modules that are there in this build, and of all that were left out.
std::vector<std::string> known_backends();

// Throws CaseError for the first of `names` that is not among `known`, suggesting the nearest.
void refuse_unknown_backends(const std::vector<std::string>& names, const std::vector<std::string>& known);

// Asks the backends called `names` (all known ones when empty) through the worker of `workload`. Throws CaseError for a
// name that is neither there nor left out of the build.
std::vector<BackendProbe> probe_backends(const std::vector<std::string>& names, const ProbeSettings& settings,
                                         const std::string& workload);

}  // namespace whygpu
