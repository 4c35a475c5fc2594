// Our convolution kernel: implicit GEMM on CUDA cores, for the three passes.
#pragma once

#include "backends/cuda/gemm.h"

namespace whygpu::cuda {

Support convolution_supports(const Convolution& op);

// For a supported op: Buffers::a and b are the two inputs in the order of the op's arguments, c is the result.
Plan plan_convolution(const Convolution& op, const Chip& chip);

}  // namespace whygpu::cuda
