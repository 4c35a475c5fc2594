#include "benchmarks/worker/worker_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "benchmarks/cases/case.h"

namespace whygpu {
namespace {

std::map<std::string, std::map<std::string, double>> verified_from(const std::string& json) {
  try {
    return nlohmann::json::parse(json);
  } catch (const nlohmann::json::exception&) {
    throw CaseError(
        "--verified: accepted: a JSON object of objects of numbers, such as "
        R"({"CASE": {"loss_1": 2.3}})");
  }
}

}  // namespace

void add_worker_options(CLI::App& app, WorkerOptions& options) {
  app.add_option("--backend", options.backend,
                 "the backend to load (default: that of the cases, else " WHYGPU_DEFAULT_BACKEND ")");
  app.add_option("--case", options.cases, "line of cases; may be repeated")->take_all();
  app.add_option_function<std::string>(
      "--verified", [&options](const std::string& json) { options.verified = verified_from(json); },
      "JSON object: by case, details of a process that verified it on the same backend; its results are compared with "
      "those");
  app.add_option("--sweep", options.sweep, "name or file of a sweep (default: quick)");
  app.add_option("--ranks", options.ranks, "processes that measure together, as many as the MPI launcher starts")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "CPU threads")->check(CLI::Range(1, 4096))->capture_default_str();
  app.add_option("--sample_seconds", options.sample_seconds,
                 "sampling time of each case, in place of --benchmark_min_time")
      ->check(CLI::PositiveNumber);
  app.add_option("--device", options.device, "index of the accelerator; of OpenCL, over all platforms")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--records", options.records,
                 "file or descriptor for JSON lines with all samples, or stdout, which then has nothing else");
  app.add_flag("--energy", options.energy, "also measure energy: some seconds more per case");
  app.add_flag(
      "--audit", options.audit,
      "check the result of every sample, with other inputs each; always for backends from WHYGPU_BACKEND_PATH");
  app.add_option("--seed", options.seed, "random seed of the inputs")->capture_default_str();
  app.add_flag("--describe", options.describe, "print the backend's description and what it supports, as JSON lines");
}

std::vector<std::string> worker_arguments(const WorkerOptions& options) {
  std::vector<std::string> words;
  if (!options.backend.empty()) words.push_back("--backend=" + options.backend);
  if (options.ranks > 1) words.push_back(fmt::format("--ranks={}", options.ranks));
  words.push_back(fmt::format("--threads={}", options.threads));
  words.push_back(fmt::format("--device={}", options.device));
  if (options.sample_seconds > 0) words.push_back(fmt::format("--sample_seconds={}", options.sample_seconds));
  if (options.energy) words.emplace_back("--energy");
  if (options.audit) words.emplace_back("--audit");
  if (options.seed != WorkerOptions{}.seed) words.push_back(fmt::format("--seed={}", options.seed));
  if (options.describe) words.emplace_back("--describe");
  if (!options.sweep.empty()) words.push_back("--sweep=" + options.sweep);
  for (const auto& line : options.cases) words.push_back("--case=" + line);
  if (!options.verified.empty()) words.push_back("--verified=" + nlohmann::json(options.verified).dump());
  return words;
}

std::optional<int> parse_worker_options(std::string_view workload, int argc, char** argv, WorkerOptions& options,
                                        std::vector<std::string>& rest) {
  CLI::App app(
      fmt::format("Measures {} on one backend. Also accepts all flags of Google Benchmark\n"
                  "(--benchmark_filter=REGEX, --benchmark_list_tests, --benchmark_format=json, …).\n\n"
                  "  {} --backend=openblas --case='{} m=512 n=512 k=512'",
                  workload, workload, workload));
  app.allow_extras();
  add_worker_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  rest = {argv[0]};
  for (auto& flag : app.remaining()) rest.push_back(flag);
  return std::nullopt;
}

}  // namespace whygpu
