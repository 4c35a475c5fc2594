// Problems that differ in one size only, so that "from which size on" has a meaning.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

// One problem at one size. `key` identifies the problem whoever solves it and however its data gets there.
struct SizedProblem {
  double size = 0;
  std::string key;
  std::string problem;
};

// Problems that share everything but the sizes named by `size_name`, which grow in proportion.
struct Family {
  std::string workload;
  std::string dtype;                   // empty when the workload has none
  std::string settings;                // other words: "transpose_b=yes mode=cold"; empty when all are at their defaults
  std::string size_name;               // "m=n=k", "m:n:k=1:1:16", "n", or "FLOP" or "bytes" where by_work
  std::string fixed;                   // sizes that other families of the workload have otherwise: "k=64"
  std::vector<SizedProblem> problems;  // by size, ascending
  bool by_work = false;                // a mixed bag of shapes, by FLOP or bytes
};

// The identity of a problem without who solves it (backend, variant) and how its data travels (offload, reuse).
std::string problem_key(const CaseRecord& record);

// Every problem of the file is in one family. A family by size has three problems or more; what is left of a workload,
// dtype and settings is one family by FLOP (by bytes where no FLOPs are counted).
std::vector<Family> families_of(const ResultFile& file);

}  // namespace whygpu
