// What stands below a matrix: the legend of its marks, and the lines that people look for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

// The marks in a document's cells.
struct Marks {
  bool interval = false, range = false, single = false, rough = false, ceiling = false, bandwidth = false,
       memory_roof = false, widened = false, fastest = false;

  std::vector<std::string> lines() const;
};

// How many problems of a workload each backend solved fastest, or as fast as the fastest within the intervals.
struct Fastest {
  std::size_t problems = 0;
  std::map<std::string, std::size_t> wins;  // by contender

  // "gemm: onednn is fastest in 9 of 12 problems, openblas in 5"; empty without problems.
  std::string line(const std::string& workload) const;
};

// What made the comparison unfair, and what to type next; empty where all files were published by others.
std::vector<std::string> closing_lines(const std::vector<ResultFile>& files);

}  // namespace whygpu
