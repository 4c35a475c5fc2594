// Synthetic machines for tests of pages and pictures. All numbers are invented.
#pragma once

#include "reports/results/synthetic_file.h"

namespace whygpu {

// GEMM with a case of two groups of samples.
SyntheticFile cpu_only_file();

// GEMM in two offload modes, a training step, the memory workload, a meter and ceilings.
SyntheticFile cpu_and_gpu_file();

// The memory workload from the first cache level to memory, on the same machine as cpu_only_file().
SyntheticFile memory_file();

// No case is ok.
SyntheticFile failures_file();

// Names with markup, scripts and terminal escape sequences.
SyntheticFile hostile_file();

// 2,000 cases, a large sweep.
SyntheticFile large_file();

}  // namespace whygpu
