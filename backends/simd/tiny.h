// Products of at most 4×4×4 values of f32, or 3×3×3 of f64, as straight code for each shape: to describe one to a tile
// takes longer than its arithmetic.
#pragma once

#include <cstddef>

#include "backends/simd/shape.h"
#include "whygpu/dtype.h"

namespace whygpu::simd {

// C = A·B.
using MultiplyTiny = void (*)(const std::byte* a, const std::byte* b, std::byte* c);

// Null for larger products, for other dtypes, and where rows have gaps or C is added to.
MultiplyTiny tiny_product(DType dtype, const Shape& shape);

}  // namespace whygpu::simd
