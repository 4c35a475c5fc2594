#include "backends/simd/tiny.h"

#include <array>
#include <cstring>
#include <utility>

namespace whygpu::simd {
namespace {

constexpr int kMost = 4;  // values along each axis

template <class T, int kM, int kN, int kK, bool kTransposeA, bool kTransposeB>
void multiply(const std::byte* a_bytes, const std::byte* b_bytes, std::byte* c_bytes) {
  T a[kM * kK], b[kK * kN];
#pragma GCC unroll 16
  for (int i = 0; i < kM * kK; ++i) std::memcpy(a + i, a_bytes + i * sizeof(T), sizeof(T));
#pragma GCC unroll 16
  for (int i = 0; i < kK * kN; ++i) std::memcpy(b + i, b_bytes + i * sizeof(T), sizeof(T));
  T c[kM * kN];
#pragma GCC unroll 16
  for (int i = 0; i < kM * kN; ++i) {
    const int row = i / kN, column = i % kN;
    c[i] = 0;
#pragma GCC unroll 4
    for (int p = 0; p < kK; ++p) {
      c[i] += a[kTransposeA ? p * kM + row : row * kK + p] * b[kTransposeB ? column * kK + p : p * kN + column];
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kM * kN; ++i) std::memcpy(c_bytes + i * sizeof(T), c + i, sizeof(T));
}

// All shapes: [m - 1][n - 1][k - 1][transpose_a][transpose_b].
constexpr int kShapes = kMost * kMost * kMost * 4;
int index_of(const Shape& s) {
  const auto shape = static_cast<int>(((s.m - 1) * kMost + s.n - 1) * kMost + s.k - 1);
  return shape * 4 + (s.transpose_a ? 2 : 0) + (s.transpose_b ? 1 : 0);
}

template <class T, int... kIndex>
constexpr std::array<MultiplyTiny, kShapes> all(std::integer_sequence<int, kIndex...>) {
  return {multiply<T, kIndex / 4 / kMost / kMost + 1, kIndex / 4 / kMost % kMost + 1, kIndex / 4 % kMost + 1,
                   (kIndex & 2) != 0, (kIndex & 1) != 0>...};
}
template <class T>
constexpr std::array<MultiplyTiny, kShapes> kProducts = all<T>(std::make_integer_sequence<int, kShapes>());

}  // namespace

MultiplyTiny tiny_product(DType dtype, const Shape& s) {
  if (s.m > kMost || s.n > kMost || s.k > kMost || s.accumulate) return nullptr;
  if (s.lda != (s.transpose_a ? s.m : s.k) || s.ldb != (s.transpose_b ? s.k : s.n) || s.ldc != s.n) return nullptr;
  if (dtype == DType::f32) return kProducts<float>[index_of(s)];
  // Vectors of four are faster for more.
  constexpr std::int64_t kMostOfF64 = 3 * 3 * 3;
  return dtype == DType::f64 && s.m * s.n * s.k <= kMostOfF64 ? kProducts<double>[index_of(s)] : nullptr;
}

}  // namespace whygpu::simd
