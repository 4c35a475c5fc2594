// whygpu table and whygpu claims: print the contents of result files as text.
#include <fmt/format.h>

#include <memory>

#include "reports/claims/claims.h"
#include "reports/views/table.h"
#include "tools/commands.h"
#include "tools/result_arguments.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

const std::vector<std::string> kFormats = {"terminal", "markdown", "csv", "jsonl", "json"};

std::string view_help() {
  std::string help = "what to show:";
  for (const auto& view : views()) help += fmt::format("\n{}: {}", view.name, view.summary);
  return help;
}

}  // namespace

void add_table_command(CLI::App& app, int& exit_code) {
  struct Arguments : ResultArguments {
    TableOptions options;
    bool samples = false;
  };
  auto arguments = std::make_shared<Arguments>();
  auto& options = arguments->options;
  auto* command =
      app.add_subcommand("table", "Print tables of result files: one row per problem, one column per backend");
  command->footer(
      "Examples:\n"
      "  whygpu table results/quick.json\n"
      "  whygpu table cpu.json gpu.json --view crossover --format markdown\n"
      "  whygpu table results/quick.json --baseline openblas --format csv\n"
      "  whygpu table results/quick.json --view price --price 'NVIDIA T4=2000' --kwh 0.30\n"
      "  whygpu table results/quick.json --view price --hourly 2.50");
  add_result_arguments(*command, *arguments);
  add_card_option(*command, *arguments, "--project");
  std::vector<std::string> names;
  for (const auto& view : views()) names.emplace_back(view.name);
  command->add_option("--view", options.view, view_help())->check(CLI::IsMember(names))->capture_default_str();
  auto* format = command->add_option("--format", options.format, "output format");
  format->check(CLI::IsMember(kFormats))->capture_default_str();
  command->add_option("--baseline", options.baseline, "backend (or backend:variant) to compare the others with");
  command->add_flag("--allow-cpu-opencl", options.allow_cpu_opencl,
                    "with --view crossover: compare OpenCL on the CPU (PoCL) as if it were a GPU");
  command->add_flag("--samples", arguments->samples,
                    "a row for each sample, as --view samples; as csv unless --format is given");
  command->callback([arguments, format, &exit_code] {
    const auto files = load(*arguments);
    auto& chosen = arguments->options;
    if (arguments->samples) {
      chosen.view = "samples";
      if (format->count() == 0) chosen.format = "csv";
    }
    chosen.prices = known_prices(*arguments, files);
    if (!arguments->cards.empty() || chosen.view == "projection") chosen.cards = cards_to_project(*arguments, files);
    chosen.color = use_colour(stdout);
    chosen.width = terminal_columns(stdout);
    fmt::print("{}", render_table(files, chosen));
    exit_code = 0;
  });
}

void add_claims_command(CLI::App& app, int& exit_code) {
  struct Arguments : ResultArguments {
    std::string format = "terminal";
  };
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("claims", "Compare published claims about GPUs with the measurements");
  command->footer(
      "Examples:\n"
      "  whygpu claims results/quick.json --hourly 2.5\n"
      "  whygpu claims results/quick.json --project 'RTX 4090'");
  add_result_arguments(*command, *arguments);
  add_card_option(*command, *arguments, "--project");
  command->add_option("--format", arguments->format, "output format")
      ->check(CLI::IsMember(kFormats))
      ->capture_default_str();
  command->callback([arguments, &exit_code] {
    const auto files = load(*arguments);
    const auto prices = known_prices(*arguments, files);
    ClaimSettings settings{prices.devices, prices.rents, {}};
    if (!arguments->cards.empty()) settings.cards = cards_to_project(*arguments, files);
    const auto document = claims_document(files, settings);
    fmt::print("{}", render(document, arguments->format, terminal_columns(stdout), use_colour(stdout)));
    exit_code = 0;
  });
}

}  // namespace whygpu
