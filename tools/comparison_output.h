// Where a comparison goes beside the terminal: the options that `gate` and `compare` share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "reports/regression/comparison/comparison.h"

namespace whygpu {

struct ComparisonOutput {
  std::string json, markdown, junit, bmf;  // files; empty: not written
  bool annotations = false;
};

void add_output_options(CLI::App& command, ComparisonOutput& output);

// Throws CaseError when one of the files could not be written.
void refuse_unwritable(const ComparisonOutput& output);

// Adds an option that takes a share as "5%" or "5".
void add_percent_option(CLI::App& command, const std::string& name, double& share, const std::string& help);

// Prints the comparison and writes what was asked for. Throws std::runtime_error when a file cannot be written.
void write_comparison(const Comparison& comparison, const ComparisonOutput& output);

}  // namespace whygpu
