// whygpu compare: compares two result files measured at different times.
#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "reports/regression/comparison/compare_files.h"
#include "reports/render/text.h"
#include "tools/commands.h"
#include "tools/comparison_output.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

struct CompareRequest {
  std::string base, head;
  FileComparisonOptions rule;
  ComparisonOutput output;
};

int run(const CompareRequest& options) {
  refuse_unwritable(options.output);
  const ResultFile base = load_result_file(options.base), head = load_result_file(options.head);
  for (const auto* file : {&base, &head}) refuse_imported(*file, "compare");
  try {
    const Comparison comparison = compare_files(base, head, options.rule);
    write_comparison(comparison, options.output);
    return static_cast<int>(comparison.exit_code());
  } catch (const std::runtime_error&) {
    for (const auto& difference : environment_differences(base, head))
      print_message("differs: {}\n", printable(difference));
    throw;
  }
}

}  // namespace

void add_compare_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<CompareRequest>();
  auto* command = app.add_subcommand(
      "compare", "Compare two result files; use `gate` to compare two builds: it detects smaller changes");
  command->footer(
      "Example:\n  whygpu compare monday.json tuesday.json\n"
      "Exit codes: 0 nothing slower, 1 slower, 2 could not judge, 3 undecided (with --strict).");
  command->add_option("base", options->base, "result file of the baseline")->required();
  command->add_option("head", options->head, "result file of the candidate")->required();
  add_percent_option(*command, "--threshold", options->rule.threshold, "smallest change in time that counts");
  command->add_flag("--strict", options->rule.strict, "exit with code 3 if a case is undecided");
  command->add_flag("--across-machines", options->rule.across_machines,
                    "also compare files of different machines or thread counts");
  add_output_options(*command, options->output);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace whygpu
