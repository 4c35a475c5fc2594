// Asks what backends are there and what they say of themselves, each in a worker process of its own.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/runner/child_process.h"

namespace whygpu {

struct BackendProbe {
  std::string name;
  nlohmann::json facts;    // as under `whygpu.backends` of the result file; null when it cannot run here
  std::string reason;      // why not
  nlohmann::json support;  // per probe case of the workload: {"case", "yes", "reason"}

  bool usable() const { return facts.is_object(); }
  bool offers_nothing() const;  // it was asked, and says no to every probe case of the workload
  // As the result file lists it, usable or not.
  nlohmann::json to_json() const;
  // The value of one fact; empty where there is none.
  std::string fact(const std::string& key) const;
};

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
