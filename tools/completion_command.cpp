// whygpu completion: a shell script that completes commands, options and sweep names.
#include <fmt/format.h>

#include <string>

#include "benchmarks/cases/sweep.h"
#include "tools/commands.h"

namespace whygpu {
namespace {

std::string completed_options(const CLI::App& command) {
  std::string names;
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) names += " --" + name;
  }
  return names;
}

void print_bash(const CLI::App& app) {
  std::string commands;
  for (const auto* command : app.get_subcommands({})) commands += command->get_name() + " ";
  fmt::print("_whygpu() {{\n  local word=${{COMP_WORDS[COMP_CWORD]}} words\n  case ${{COMP_WORDS[1]}} in\n");
  for (const auto* command : app.get_subcommands({})) {
    fmt::print("    {}) words=\"{} {}\" ;;\n", command->get_name(), completed_options(*command),
               command->get_name() == "run" ? fmt::format("{}", fmt::join(shipped_sweeps(), " ")) : "");
  }
  fmt::print(
      "  esac\n  [[ $COMP_CWORD == 1 ]] && words=\"{}\"\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}}\n"
      "complete -o default -F _whygpu whygpu\n",
      commands);
}

}  // namespace

void add_completion_command(CLI::App& app, int& exit_code) {
  auto shell = std::make_shared<std::string>("bash");
  auto* command = app.add_subcommand("completion", "Print a shell completion script for commands, options and sweeps");
  command->footer(
      "Examples:\n  source <(whygpu completion bash)\n  autoload -U bashcompinit && bashcompinit && source <(whygpu "
      "completion zsh)");
  command->add_option("shell", *shell, "bash, or zsh through its bashcompinit")->check(CLI::IsMember({"bash", "zsh"}));
  command->callback([shell, &app, &exit_code] {
    print_bash(app);
    exit_code = 0;
  });
}

}  // namespace whygpu
