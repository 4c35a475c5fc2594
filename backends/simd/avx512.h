// Vectors of 512 bits, for micro_kernel.h.
#pragma once

#include <immintrin.h>

#include "backends/simd/packing.h"

namespace whygpu::simd {
namespace {

struct Avx512 {
  static constexpr int kBytes = 64;
  static constexpr int kRows = 12, kVectors = 2;  // 24 of 32 registers hold sums
  static constexpr int wide_vectors(int rows) { return rows == 1 ? 12 : 24 / rows; }

  // Also of the narrower vectors that values are packed from.
  template <class V>
  static constexpr bool has_masks() {
    return sizeof(V) == 64 || (sizeof(V) == 32 && sizeof(V{}[0]) == 2) || (sizeof(V) == 16 && sizeof(V{}[0]) == 1);
  }
  template <class V>
  static V load_first(const void* from, int lanes) {
    const unsigned mask = (1U << lanes) - 1;
    if constexpr (sizeof(V) == 16) {
      return reinterpret_cast<V>(_mm_maskz_loadu_epi8(static_cast<__mmask16>(mask), from));
    } else if constexpr (sizeof(V) == 32) {
      return reinterpret_cast<V>(_mm256_maskz_loadu_epi16(static_cast<__mmask16>(mask), from));
    } else if constexpr (sizeof(V{}[0]) == 8) {
      return reinterpret_cast<V>(_mm512_maskz_loadu_epi64(static_cast<__mmask8>(mask), from));
    } else {
      return reinterpret_cast<V>(_mm512_maskz_loadu_epi32(static_cast<__mmask16>(mask), from));
    }
  }
  template <class V>
  static void store_first(void* to, V value, int lanes) {
    const unsigned mask = (1U << lanes) - 1;
    if constexpr (sizeof(V{}[0]) == 8) {
      _mm512_mask_storeu_epi64(to, static_cast<__mmask8>(mask), reinterpret_cast<__m512i>(value));
    } else {
      _mm512_mask_storeu_epi32(to, static_cast<__mmask16>(mask), reinterpret_cast<__m512i>(value));
    }
  }
  template <class Sums, class Words>
  static Sums add_s16_pairs(Sums sum, Words a, Words b) {
    return sum + reinterpret_cast<Sums>(_mm512_madd_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
  }
};

}  // namespace
}  // namespace whygpu::simd
