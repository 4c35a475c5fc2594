// whygpu gate: decides case by case whether a build is slower than another, from pairs of processes.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>

#include "benchmarks/machine/environment.h"
#include "benchmarks/machine/temporary_folder.h"
#include "benchmarks/runner/gate/gate.h"
#include "benchmarks/runner/interruption.h"
#include "benchmarks/runner/run_options.h"
#include "benchmarks/runner/select_cases.h"
#include "tools/commands.h"
#include "tools/comparison_output.h"
#include "tools/progress.h"

namespace whygpu {
namespace {

struct GateRequest {
  std::string base, head, repository = ".";
  std::vector<std::string> words, cmake_options;
  std::optional<std::uint64_t> seed;
  GateOptions gate;
  ComparisonOutput output;
};

// The command line of this process.
std::vector<std::string> command_line() {
  std::ifstream stream("/proc/self/cmdline");
  std::vector<std::string> words;
  for (std::string word; std::getline(stream, word, '\0');) words.push_back(word);
  return words;
}

bool measured_any(const Comparison& comparison) {
  return std::ranges::any_of(comparison.cases, [](const CaseComparison& c) { return !c.pairs.empty(); });
}

int run(GateRequest& options) {
  refuse_unwritable(options.output);
  const auto& interrupted = watch_for_interruption();
  options.gate.cases = cases_from_words(options.words.empty() ? std::vector<std::string>{"gate"} : options.words);
  options.gate.seed = options.seed.value_or(std::random_device{}());
  const TemporaryFolder folder;
  ProgressLine building;
  const auto take = [&](const std::string& name, const char* side) {
    return take_build(name, folder.path() / side, options.repository, options.cmake_options,
                      [&](const std::string& line) { building.update(line); });
  };
  const Build base = take(options.base, "base");
  const Build head = take(options.head, "head");
  building.clear();
  const auto notes = unfair_conditions(base, head, options.gate);
  Comparison comparison;
  {
    ProgressLine progress;
    comparison = run_gate(base, head, options.gate, interrupted, [&](const Progress& where) { progress.show(where); });
  }
  if (measured_any(comparison)) std::ranges::copy(notes, std::back_inserter(comparison.notes));
  comparison.command = command_line();
  write_comparison(comparison, options.output);
  return interrupted ? kInterruptedStatus : static_cast<int>(comparison.exit_code());
}

}  // namespace

void add_gate_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<GateRequest>();
  GateOptions& gate = options->gate;
  gate.pairs.threads = usable_cpus();
  auto* command =
      app.add_subcommand("gate", "Check whether a build is slower than another, in pairs of short processes");
  command->footer(
      "A build is a directory, a tar archive of one, or a git revision, which is built once and cached.\n"
      "Examples:\n"
      "  whygpu gate --base main --head HEAD                 is this branch slower?\n"
      "  whygpu gate --base old/build --head build gemm m=512 n=512 k=512 --backend naive --threshold 1%\n"
      "Exit codes: 0 nothing slower, 1 slower, 2 could not judge, 3 undecided (with --strict), 130 interrupted.");
  command->add_option("--base", options->base, "baseline build")->required();
  command->add_option("--head", options->head, "candidate build")->required();
  command->add_option("sweep", options->words, "sweeps by name or file, or cases (default: gate)");
  add_list_option(*command, "--backend", gate.backends, "comma-separated backends (default: all that can run here)");
  add_percent_option(*command, "--threshold", gate.rule.threshold, "smallest change in time that counts");
  add_duration_option(*command, "--budget", gate.budget_seconds, "time limit, such as 90s, 10m or 2h")
      ->default_str("10m");
  command->add_flag("--strict", gate.strict, "exit with code 3 if a case is undecided");
  command->add_flag("--ignore-identity", gate.measure_identical,
                    "also measure cases whose code is identical in both builds");
  add_threads_option(*command, gate.pairs.threads);
  add_device_option(*command, gate.pairs.device);
  add_sample_seconds_option(*command, gate.pairs.sample_seconds);
  command
      ->add_option("--most-pairs", gate.rule.most_pairs,
                   "maximum number of pairs for a case; 100 for one that appears changed")
      ->check(CLI::Range(6, 100))
      ->capture_default_str();
  command->add_option("--repository", options->repository, "git repository of the revisions")
      ->check(CLI::ExistingDirectory);
  command->add_option("--cmake", options->cmake_options,
                      "CMake option for building a revision, such as --cmake=-DX=Y; may be repeated");
  command->add_option("--seed", options->seed, "random seed (default: random)");
  add_output_options(*command, options->output);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace whygpu
