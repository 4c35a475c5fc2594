#pragma once

#include <cstdint>

namespace whygpu::simd {

// C = op(A)·op(B) or C += op(A)·op(B), row-major, with rows lda, ldb and ldc values apart.
struct Shape {
  std::int64_t m = 0, n = 0, k = 0;
  std::int64_t lda = 0, ldb = 0, ldc = 0;
  bool transpose_a = false, transpose_b = false, accumulate = false;
};

}  // namespace whygpu::simd
