#include "tools/run_execution.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "benchmarks/runner/plan.h"
#include "benchmarks/runner/run.h"
#include "reports/render/text.h"
#include "reports/views/ceiling_place.h"
#include "reports/views/table.h"
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
  if (!file.networks.empty()) {
    options.view = "network";
    fmt::print("{}", render_table({file}, options));
    return;
  }
  fmt::print("{}", render_table({file}, options));
  const auto print_view_if = [&](const char* view, auto&& holds) {
    if (std::ranges::none_of(file.cases, holds)) return;
    options.view = view;
    fmt::print("\n{}", render_table({file}, options));
  };
  const auto has_several_ranks = [](const CaseRecord& c) { return !c.ranks.empty(); };
  print_view_if("training", [&](const CaseRecord& c) { return c.workload == kTrainingStep && !has_several_ranks(c); });
  print_view_if("inference", [](const CaseRecord& c) { return c.workload == kInference; });
  print_view_if("scaling", has_several_ranks);
}

}  // namespace

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

std::vector<std::string> command_line(const CLI::App& command, const std::vector<std::string>& words) {
  std::vector<std::string> line = {"whygpu", command.get_name()};
  line.insert(line.end(), words.begin(), words.end());
  for (const auto* option : command.get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    line.push_back("--" + option->get_lnames().front());
    if (option->get_expected_min() > 0) line.push_back(fmt::format("{}", fmt::join(option->results(), ",")));
  }
  return line;
}

}  // namespace whygpu
