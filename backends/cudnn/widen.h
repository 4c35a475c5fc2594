// Copies of 16-bit values in f32, which loses nothing.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "whygpu/dtype.h"

namespace whygpu {

// Queues the copy of `count` values of f16 or bf16.
void widen(DType from, const void* values, float* wide, std::int64_t count, cudaStream_t stream);

}  // namespace whygpu
