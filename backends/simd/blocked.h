// The first rung: plain loops, cut into blocks that stay in the cache.
#pragma once

#include "backends/simd/product.h"

namespace whygpu::simd {

// f32 and f64. Compiled without vector instructions; strides may describe transposed operands.
template <class T>
void multiply_blocked(const Shape& shape, const T* a, const T* b, T* c);

}  // namespace whygpu::simd
