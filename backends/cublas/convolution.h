// Convolutions as im2col + GEMM by cuBLASLt.
#pragma once

#include <memory>

#include "backends/cublas/matmul.h"

namespace whygpu {

std::unique_ptr<Operation> prepare_cublas_convolution(MatmulContext& context, const Convolution& convolution,
                                                      Choice choice, Layout layout);
Support cublas_supports(MatmulContext& context, const Convolution& convolution);

}  // namespace whygpu
