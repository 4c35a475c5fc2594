// The whygpu command.
#include <fmt/format.h>

#include <exception>

#include "tools/commands.h"
#include "tools/usage_error.h"

int main(int argc, char** argv) {
  CLI::App app(
      "Does this work need a GPU, and from which size on? Measures GEMM, convolution and training steps on every\n"
      "backend of this machine, verifies every result, and prints tables.\n\n"
      "  whygpu run quick            measure for about a minute, then print the table\n"
      "  whygpu list                 backends and workloads, and what is missing\n"
      "  whygpu doctor               check whether this machine is suitable for measurements\n",
      "whygpu");
  app.set_version_flag("--version", WHYGPU_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 a case was incorrect or failed, 2 bad arguments or input, 130 interrupted.");
  int exit_code = 0;
  whygpu::add_run_command(app, exit_code);
  whygpu::add_list_command(app, exit_code);
  whygpu::add_table_command(app, exit_code);
  whygpu::add_report_command(app, exit_code);
  whygpu::add_claims_command(app, exit_code);
  whygpu::add_ceilings_command(app, exit_code);
  whygpu::add_doctor_command(app, exit_code);
  whygpu::add_gate_command(app, exit_code);
  whygpu::add_compare_command(app, exit_code);
  whygpu::add_history_command(app, exit_code);
  whygpu::add_completion_command(app, exit_code);
  try {
    app.parse(argc, argv);
    return exit_code;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help and version
    fmt::print(stderr, "{}\n", whygpu::usage_error(app, error));
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", whygpu::command_under_way(app), error.what());
    return 2;
  }
}
