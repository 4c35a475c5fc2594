// Output of a comparison: the options that `gate` and `compare` share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "reports/regression/gate/comparison.h"

namespace whygpu {

struct ComparisonOutput {
  std::string json, markdown, junit, bmf;  // file names; empty: not written
  bool annotations = false;
};

void add_output_options(CLI::App& command, ComparisonOutput& output);

// Throws CaseError if one of the files could not be written.
void refuse_unwritable(const ComparisonOutput& output);

// Prints the comparison and writes the requested files. Throws std::runtime_error if a file cannot be written.
void write_comparison(const Comparison& comparison, const ComparisonOutput& output);

}  // namespace whygpu
