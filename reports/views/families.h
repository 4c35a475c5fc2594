// Families of problems that differ in one size only, so that a crossover size is defined.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

// One problem at one size. `key` identifies the problem independently of backend and offload mode.
struct SizedProblem {
  double size = 0;
  std::string key;
  std::string problem;
};

// Problems that share everything except the sizes in `size_name`, which grow in proportion.
struct Family {
  std::string workload;
  std::string dtype;                   // empty when the workload has none
  std::string settings;                // other parameters: "transpose_b=yes mode=cold"; empty when all are at defaults
  std::string size_name;               // "m=n=k", "m:n:k=1:1:16", "n", or "FLOP", "footprint" or "bytes" where by_work
  std::string fixed;                   // sizes that differ between families of the workload: "k=64"
  std::vector<SizedProblem> problems;  // by size, ascending
  bool by_work = false;                // a mixed bag of shapes, by FLOP, or by the bytes that they occupy or move
};

// The identity of a problem: its case without backend, variant, offload and reuse.
std::string problem_key(const CaseRecord& record);

// Every problem of the file is in one family. A family by size has at least three problems; the rest of a workload,
// dtype and settings forms one family by FLOP; where no FLOPs are counted by footprint, or else by bytes moved.
std::vector<Family> families_of(const ResultFile& file);

}  // namespace whygpu
