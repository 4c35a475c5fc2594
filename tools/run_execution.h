// What `whygpu run` and `whygpu network` share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "benchmarks/runner/run_options.h"

namespace whygpu {

// Measures and prints the table, or prints the plan for --dry-run. Returns the exit code.
int execute(const RunOptions& options);

// The command line with long option names, and one word for the values of each option.
std::vector<std::string> command_line(const CLI::App& command, const std::vector<std::string>& words);

}  // namespace whygpu
