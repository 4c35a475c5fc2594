// The subcommands of whygpu, one file each. Each registers itself with the parser and returns its exit code.
//
// Exit codes: 0 done; 1 some case was incorrect or failed; 2 bad arguments or input; 130 interrupted.
#pragma once

#include <CLI/CLI.hpp>

namespace whygpu {

void add_list_command(CLI::App& app, int& exit_code);
void add_run_command(CLI::App& app, int& exit_code);
void add_network_command(CLI::App& app, int& exit_code);
void add_ceilings_command(CLI::App& app, int& exit_code);
void add_doctor_command(CLI::App& app, int& exit_code);
void add_gate_command(CLI::App& app, int& exit_code);
void add_compare_command(CLI::App& app, int& exit_code);
void add_history_command(CLI::App& app, int& exit_code);
void add_table_command(CLI::App& app, int& exit_code);
void add_claims_command(CLI::App& app, int& exit_code);
void add_project_command(CLI::App& app, int& exit_code);
void add_import_command(CLI::App& app, int& exit_code);
void add_report_command(CLI::App& app, int& exit_code);
void add_completion_command(CLI::App& app, int& exit_code);

}  // namespace whygpu
