// Synthetic machines for tests of pages and pictures. All numbers are invented.
#pragma once

#include "reports/results/synthetic_file.h"

namespace whygpu {

SyntheticFile cpu_only_file();

// GEMM in two offload modes, a training step, the memory workload, a meter and ceilings.
SyntheticFile cpu_and_gpu_file();

// No case is ok.
SyntheticFile failures_file();

// Names with markup, scripts and terminal escape sequences.
SyntheticFile hostile_file();

// 2,000 cases, a large sweep.
SyntheticFile large_file();

}  // namespace whygpu
