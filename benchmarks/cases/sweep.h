// A sweep: a text file of cases, one family per line. See benchmarks/README.md for the grammar.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/cases/case.h"

namespace whygpu {

// The distinct cases of `text`, in order. Throws a CaseError that starts with "`source`:line: ".
std::vector<Case> parse_sweep(std::string_view text, std::string_view source);

// The folder of the shipped sweeps, found from where the program is.
std::filesystem::path sweep_folder();

// Names of the shipped sweeps.
std::vector<std::string> shipped_sweeps();

// Loads a shipped sweep by name, or any file by path. Throws CaseError.
std::vector<Case> load_sweep(std::string_view name_or_path);

// At most `count` cases spread evenly over the sweep, including the first and the last.
std::vector<Case> spread_out(std::vector<Case> cases, std::size_t count);

}  // namespace whygpu
