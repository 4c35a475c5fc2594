// Runs a convolution kernel on the host and checks its result.
#pragma once

#include <string>

#include "backends/cuda/gemm.h"

namespace whygpu::cuda {

// Relative Frobenius error of a plan for `op` against direct loops in float64 on the rounded inputs, under both
// schedules; infinite if these differ in any bit. All buffers have exactly the required size. Throws the problems that
// the emulator reports.
double convolution_error(const Convolution& op, const Plan& plan);

// The largest error accepted as correct.
double convolution_tolerance(const Convolution& op);

// "backward_data bf16 1x8x7x6 12x3x3 stride 1x1 pad 1x1 dilation 1x1 groups 4": images NCHW, filters KRS
std::string convolution_name(const Convolution& op);

}  // namespace whygpu::cuda
