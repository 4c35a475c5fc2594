// NVIDIA's cuBLASLt: matrix products, and convolutions as im2col + GEMM.
#pragma once

#include <memory>
#include <string_view>

#include "backends/cublas/matmul.h"

namespace whygpu {

std::unique_ptr<Operation> prepare_cublas_gemm(MatmulContext& context, const Gemm& gemm, Choice choice);
Support cublas_supports(MatmulContext& context, const Gemm& gemm);

std::unique_ptr<Operation> prepare_cublas_convolution(MatmulContext& context, const Convolution& convolution,
                                                      Choice choice);
Support cublas_supports(MatmulContext& context, const Convolution& convolution);

}  // namespace whygpu
