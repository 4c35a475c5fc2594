// whygpu run: measures a sweep on several backends, stores all samples and prints the table.
#include <algorithm>
#include <memory>

#include "benchmarks/cases/case.h"
#include "tools/commands.h"
#include "tools/run_execution.h"

namespace whygpu {

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
    options->settings.command = command_line(*command, options->words);
    exit_code = execute(*options);
  });
}

}  // namespace whygpu
