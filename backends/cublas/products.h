// Matrix products by NVIDIA's cuBLASLt, for every backend that uses them: cublas itself, and the networks of cudnn.
// Needs no header of cuBLAS.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "backends/devices/cuda.h"

namespace whygpu {

class MatmulContext;  // shared by all products on one device

// The library's first proposal, or the fastest of 16 with a hot or a cold L2.
enum class Choice : std::uint8_t { heuristic, best, best_cold };

std::shared_ptr<MatmulContext> open_cublas(CudaDevice& device);
std::string cublas_version();  // "cuBLASLt 13.1.0"

// Operands arrive and results leave row-major. What cuBLASLt cannot read so is converted on the device in every run.
Support cublas_supports(MatmulContext& context, const Gemm& gemm);
std::unique_ptr<Operation> prepare_cublas_gemm(MatmulContext& context, const Gemm& gemm, Choice choice, Layout layout);

}  // namespace whygpu
