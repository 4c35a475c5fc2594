#include "benchmarks/worker/worker_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace whygpu {

void add_worker_options(CLI::App& app, WorkerOptions& options) {
  app.add_option("--backend", options.backend,
                 "the one backend to load (default: the cases', else " WHYGPU_DEFAULT_BACKEND ")");
  app.add_option("--case", options.cases, "a line of cases; may be repeated")->take_all();
  app.add_option("--sweep", options.sweep, "a sweep's name or file (default: quick)");
  app.add_option("--threads", options.threads, "CPU threads")->check(CLI::Range(1, 4096))->capture_default_str();
  app.add_option("--sample_seconds", options.sample_seconds,
                 "time that a case's samples take, in place of --benchmark_min_time")
      ->check(CLI::PositiveNumber);
  app.add_option("--device", options.device, "which accelerator")->check(CLI::NonNegativeNumber);
  app.add_option("--records", options.records, "file or descriptor for JSON lines with every sample");
  app.add_flag("--energy", options.energy, "then run each case for some seconds more and read the energy meters");
  app.add_flag("--describe", options.describe, "print what the backend is and supports, as JSON lines");
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
