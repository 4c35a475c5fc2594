// Runs a rung on the host and judges its result.
#pragma once

#include <string>

#include "backends/cuda/gemm.h"

namespace whygpu::cuda {

// Relative Frobenius error of the rung's result against float64 on the rounded inputs, under both schedules (the worse
// of the two). Every buffer is exactly as large as it must be. A problem that the shim reports is thrown.
double gemm_error(const Rung& rung, const Gemm& op, const Chip& chip);

// The largest error that counts as correct.
double gemm_tolerance(DType dtype);

// "f32 tn 65x33x17 batch 2"
std::string gemm_name(const Gemm& op);

}  // namespace whygpu::cuda
