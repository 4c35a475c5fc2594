#include "backends/simd/blocked.h"

#include <algorithm>

namespace whygpu::simd {

template <class T>
void multiply_blocked(const Shape& s, const T* a, const T* b, T* c) {
  constexpr std::int64_t kSide = 64;  // three blocks of f64 take 96 KiB
  const std::int64_t a_row = s.transpose_a ? 1 : s.lda, a_k = s.transpose_a ? s.lda : 1;
  const std::int64_t b_k = s.transpose_b ? 1 : s.ldb, b_column = s.transpose_b ? s.ldb : 1;
  for (std::int64_t i = 0; i < s.m; ++i) std::fill_n(c + i * s.ldc, s.n, T{0});
  for (std::int64_t first_row = 0; first_row < s.m; first_row += kSide) {
    for (std::int64_t first_k = 0; first_k < s.k; first_k += kSide) {
      for (std::int64_t first_column = 0; first_column < s.n; first_column += kSide) {
        for (std::int64_t i = first_row; i < std::min(first_row + kSide, s.m); ++i) {
          for (std::int64_t p = first_k; p < std::min(first_k + kSide, s.k); ++p) {
            const T value = a[i * a_row + p * a_k];
            for (std::int64_t j = first_column; j < std::min(first_column + kSide, s.n); ++j) {
              c[i * s.ldc + j] += value * b[p * b_k + j * b_column];
            }
          }
        }
      }
    }
  }
}

template void multiply_blocked(const Shape&, const float*, const float*, float*);
template void multiply_blocked(const Shape&, const double*, const double*, double*);

}  // namespace whygpu::simd
