// Two result files from different times, compared by the spread between their rounds.
//
// Weaker than pairs: whatever changed between the two times counts as a change of the code. Pairs (`whygpu gate`) are
// immune.
#pragma once

#include <string>
#include <vector>

#include "reports/regression/comparison/comparison.h"
#include "reports/results/result_file.h"

namespace whygpu {

struct FileComparisonOptions {
  double threshold = 0.05;
  double false_discoveries = 0.01;  // share of the cases called slower or faster that may be neither
  bool strict = false;
  bool across_machines = false;
};

// What differs between the two environments, one line each: "kernel: 6.1.0 -> 6.12.3".
std::vector<std::string> environment_differences(const ResultFile& base, const ResultFile& head);

// Per case a Welch test on ln(fastest sample) of each round, Benjamini and Hochberg over the cases. Throws
// std::runtime_error when the files come from different machines or thread counts (unless across_machines), or share no
// case.
Comparison compare_files(const ResultFile& base, const ResultFile& head, const FileComparisonOptions& options);

}  // namespace whygpu
