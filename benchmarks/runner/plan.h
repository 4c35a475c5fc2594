// Everything that is decided before the first worker starts, and that a resumed run takes over from its journal.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/cases/case.h"
#include "benchmarks/machine/environment.h"
#include "benchmarks/runner/probe.h"
#include "benchmarks/runner/run_state.h"

namespace whygpu {

// `whygpu run` as typed.
struct RunOptions {
  std::vector<std::string> words, models;
  std::vector<std::string> backends;
  std::string output;
  bool quick = false, dry_run = false, resume = false, force = false, energy = false, no_ceilings = false;
  std::string rounds = "auto";
  std::string budget;
  std::string timeout = "60s";
  double sample_seconds = 0.05;
  int threads = usable_cpus();
  int device = 0;
  std::optional<std::uint64_t> seed;
  std::string offload;
  std::string reuse;
};

// "90", "90s", "10m" or "2h" in seconds. Throws CaseError.
double parse_duration(const std::string& text);

struct PlannedRun {
  RunSettings settings;
  std::vector<Case> cases;
  std::vector<BackendProbe> backends;
  nlohmann::json environment, findings = nlohmann::json::array();
  nlohmann::json ceilings = nlohmann::json::array(), meters = nlohmann::json::array();
  std::string started;

  // The first record of a journal, and the run that it describes. Throws CaseError when it was begun on another
  // machine.
  nlohmann::json header() const;
  static PlannedRun from_header(const nlohmann::json& header, const std::filesystem::path& journal);

  // Listens for the load of others and finds meters: what takes time, and no plan needs.
  void look_at_machine(const RunOptions& options);

  // Records that end the cases of backends which somebody asked for by name and which cannot run here.
  std::vector<nlohmann::json> refusals() const;
};

// `command` is the line as typed, for the result file. Throws CaseError.
PlannedRun plan_run(const RunOptions& options, const std::vector<std::string>& command);

}  // namespace whygpu
