// Selects and plans our convolution kernels.
#pragma once

#include "backends/cuda/gemm.h"

namespace whygpu::cuda {

// The names of the kernels that support `op`, the default first.
std::vector<std::string> convolution_variants(const Convolution& op, const Chip& chip);

// Whether `op` can run as `variant`. An empty variant is the default.
Support convolution_supports(const Convolution& op, std::string_view variant, const Chip& chip);

// Buffers::a and b of the plan are the two inputs, in the order of the op's arguments x, w, y; c is the result. Throws
// std::runtime_error with the reason from convolution_supports().
Plan plan_convolution(const Convolution& op, std::string_view variant, const Chip& chip);

}  // namespace whygpu::cuda
