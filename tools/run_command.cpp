// whygpu run: measures a sweep on several backends, stores all samples and prints the table.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "benchmarks/runner/plan.h"
#include "benchmarks/runner/run.h"
#include "reports/render/text.h"
#include "reports/views/ceiling_place.h"
#include "reports/views/table.h"
#include "tools/commands.h"
#include "tools/progress.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

// Prints the cases to standard output, and the rest of the plan to standard error.
void print_plan(const RunPlan& plan) {
  std::set<std::string> usable;
  for (const auto& backend : plan.backends) {
    if (backend.usable()) usable.insert(backend.name);
  }
  std::size_t cases = 0;
  for (const auto& c : plan.cases) {
    if (!usable.contains(std::string(c["backend"]))) continue;
    fmt::print("{}\n", c.text());
    ++cases;
  }
  for (const auto& line : excluded_backend_lines(plan.backends)) print_message("{}\n", line);
  print_message("{} would run on {}\n", count_of(cases, "case"),
                usable.empty() ? "no backend" : fmt::format("{}", fmt::join(usable, ", ")));
}

void print_table(const ResultFile& file) {
  TableOptions options;
  options.color = use_colour(stdout);
  options.width = terminal_columns(stdout);
  fmt::print("{}", render_table({file}, options));
  for (const auto& [workload, view] : {std::pair{"training_step", "training"}, {"inference", "inference"}}) {
    if (std::ranges::none_of(file.cases, [&](const auto& c) { return c.workload == workload; })) continue;
    options.view = view;
    fmt::print("\n{}", render_table({file}, options));
  }
}

int execute(const RunOptions& options) {
  if (options.dry_run) {
    print_plan(plan_run(options));
    return 0;
  }
  ProgressLine progress;
  const RunOutcome outcome = run_sweep(
      options, {.say = [&](const std::string& line) { progress.say(line); },
                .progress = [&](const Progress& where) { progress.show(where); },
                .contradicts_itself = [](const ResultFile& so_far) { return !contradictions(so_far).empty(); },
                .suspicion = suspicion});
  progress.clear();
  print_table(outcome.result);
  fmt::print("\n{}\n", outcome.file.string());
  if (!outcome.finished) {
    fmt::print("Interrupted. Resume with: whygpu run --resume -o {}\n", outcome.file.string());
  }
  return outcome.exit_status();
}

// The command line with long option names, and one word for the values of each option.
std::vector<std::string> as_typed(const CLI::App& command, const std::vector<std::string>& words) {
  std::vector<std::string> line = {"whygpu", "run"};
  line.insert(line.end(), words.begin(), words.end());
  for (const auto* option : command.get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    line.push_back("--" + option->get_lnames().front());
    if (option->get_expected_min() > 0) line.push_back(fmt::format("{}", fmt::join(option->results(), ",")));
  }
  return line;
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  auto* command = app.add_subcommand("run", "Measure a sweep or single cases, store all samples and print the table");
  command->footer(
      "Examples:\n"
      "  whygpu run quick                                          about a minute\n"
      "  whygpu run square --backend openblas,onednn --threads 1   one core\n"
      "  whygpu run deepbench --quick -o deepbench.json            a spread-out subset\n"
      "  whygpu run gemm m=1024 n=1024 k=1024 dtype=f32,bf16       single cases\n"
      "Exit codes: 0 done, 1 a case was incorrect, suspect or failed or nothing could run, 2 bad arguments or input, "
      "130 "
      "interrupted.");
  add_run_options(*command, *options);
  command->callback([options, command, &exit_code] {
    const bool more = std::ranges::any_of(command->get_options(), [](const CLI::Option* option) {
      return option->count() > 0 && !option->check_lname("resume") && !option->check_lname("output");
    });
    if (options->resume && more)
      throw CaseError("--resume keeps the options of the interrupted run; only -o FILE is accepted");
    options->settings.command = as_typed(*command, options->words);
    exit_code = execute(*options);
  });
}

}  // namespace whygpu
