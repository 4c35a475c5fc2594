// Runs a rung on the host and checks its result.
#pragma once

#include <string>

#include "backends/cuda/gemm.h"

namespace whygpu::cuda {

// Relative Frobenius error of the rung's result against float64 on the rounded inputs: the worse of both schedules. All
// buffers have exactly the required size. Throws the problems that the emulator reports.
double gemm_error(const Rung& rung, const Gemm& op, const Chip& chip);

// The largest error accepted as correct.
double gemm_tolerance(DType dtype);

// "f32 tn 65x33x17 batch 2"
std::string gemm_name(const Gemm& op);

}  // namespace whygpu::cuda
