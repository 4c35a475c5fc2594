// Products of at most 3×3×3 values, as straight code for each shape: to describe one to a tile takes longer than its
// arithmetic.
#pragma once

#include <cstddef>

#include "backends/simd/shape.h"
#include "whygpu/dtype.h"

namespace whygpu::simd {

// C = A·B.
using MultiplyTiny = void (*)(const std::byte* a, const std::byte* b, std::byte* c);

// Null for larger products, for other dtypes than f32 and f64, and where rows have gaps or C is added to.
MultiplyTiny tiny_product(DType dtype, const Shape& shape);

}  // namespace whygpu::simd
