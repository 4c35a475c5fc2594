// The cases that measure the ceilings of a device.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/cases/case.h"
#include "reports/results/records.h"

namespace whygpu {

// A ceiling and a case that measures it. Several cases may measure one ceiling; the best counts.
struct CeilingCase {
  Case c;
  CeilingKind kind;
  std::string dtype, level;
};

// Cases for the processor (backend "host") with `threads` threads: working sets of half a cache level, and four times
// the last level for memory. Cases for an NVIDIA GPU (backend "cuda"), in sizes that fill any of them.
std::vector<CeilingCase> host_ceiling_cases(const std::vector<std::string>& dtypes, int threads,
                                            const std::vector<CacheRecord>& caches);
std::vector<CeilingCase> cuda_ceiling_cases(const std::vector<std::string>& dtypes);

// The dtypes whose ceilings are measured.
std::vector<std::string> ceiling_dtypes();

}  // namespace whygpu
