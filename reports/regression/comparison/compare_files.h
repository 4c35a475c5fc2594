// Two result files from different times, compared by the spread between their rounds.
//
// Weaker than pairs: anything that changed between the two times counts as a change of the code. Pairs (`whygpu gate`)
// avoid this.
#pragma once

#include <string>
#include <vector>

#include "reports/regression/gate/comparison.h"
#include "reports/results/result_file.h"

namespace whygpu {

struct FileComparisonOptions {
  double threshold = 0.05;
  double false_discoveries = 0.01;  // expected share of false calls among cases called slower or faster
  bool strict = false;
  bool across_machines = false;
};

// The differences between the two environments, one line each: "kernel: 6.1.0 -> 6.12.3".
std::vector<std::string> environment_differences(const ResultFile& base, const ResultFile& head);

// A Welch test per case on ln(fastest sample) of each round, Benjamini-Hochberg over the cases. Throws
// std::runtime_error when the files come from different machines or thread counts (unless across_machines), share no
// case, or are imported.
Comparison compare_files(const ResultFile& base, const ResultFile& head, const FileComparisonOptions& options);

}  // namespace whygpu
