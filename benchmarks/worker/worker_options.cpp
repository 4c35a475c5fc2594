#include "benchmarks/worker/worker_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace whygpu {

void add_worker_options(CLI::App& app, WorkerOptions& options) {
  app.add_option("--backend", options.backend,
                 "the backend to load (default: that of the cases, else " WHYGPU_DEFAULT_BACKEND ")");
  app.add_option("--case", options.cases, "line of cases; may be repeated")->take_all();
  app.add_option("--sweep", options.sweep, "name or file of a sweep (default: quick)");
  app.add_option("--threads", options.threads, "CPU threads")->check(CLI::Range(1, 4096))->capture_default_str();
  app.add_option("--sample_seconds", options.sample_seconds,
                 "sampling time of each case, in place of --benchmark_min_time")
      ->check(CLI::PositiveNumber);
  app.add_option("--device", options.device, "index of the accelerator")->check(CLI::NonNegativeNumber);
  app.add_option("--records", options.records, "file or descriptor for JSON lines with all samples");
  app.add_flag("--energy", options.energy, "also measure energy: some seconds more per case");
  app.add_flag("--describe", options.describe, "print the backend's description and what it supports, as JSON lines");
}

std::vector<std::string> worker_arguments(const WorkerOptions& options) {
  std::vector<std::string> words;
  if (!options.backend.empty()) words.push_back("--backend=" + options.backend);
  words.push_back(fmt::format("--threads={}", options.threads));
  words.push_back(fmt::format("--device={}", options.device));
  if (options.sample_seconds > 0) words.push_back(fmt::format("--sample_seconds={}", options.sample_seconds));
  if (options.energy) words.emplace_back("--energy");
  if (options.describe) words.emplace_back("--describe");
  if (!options.sweep.empty()) words.push_back("--sweep=" + options.sweep);
  for (const auto& line : options.cases) words.push_back("--case=" + line);
  return words;
}

}  // namespace whygpu
