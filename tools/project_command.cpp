// whygpu project: what catalogued cards would take for the problems of a result file.
#include <fmt/format.h>

#include <memory>

#include "reports/views/table.h"
#include "tools/commands.h"
#include "tools/result_arguments.h"
#include "tools/terminal.h"

namespace whygpu {

void add_project_command(CLI::App& app, int& exit_code) {
  struct Arguments : ResultArguments {
    TableOptions options;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* command =
      app.add_subcommand("project", "What a card that is not here would take: a model, with its error band");
  command->footer(
      "Examples:\n"
      "  whygpu project results/quick.json --device 'RTX 4090'\n"
      "  whygpu project results/quick.json --device all --format csv");
  add_result_arguments(*command, *arguments);
  add_card_option(*command, *arguments, "--device");
  command->add_option("--format", arguments->options.format, "terminal, markdown, csv, jsonl or json")
      ->check(CLI::IsMember({"terminal", "markdown", "csv", "jsonl", "json"}))
      ->capture_default_str();
  command->callback([arguments, &exit_code] {
    const auto files = load(*arguments);
    auto& options = arguments->options;
    options.view = "projection";
    options.prices = known_prices(*arguments, files);
    options.cards = cards_to_project(*arguments, files);
    options.color = use_colour(stdout);
    options.width = terminal_columns(stdout);
    fmt::print("{}", render_table(files, options));
    exit_code = 0;
  });
}

}  // namespace whygpu
