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

  template <class V>
  static V load_first(const void* from, int lanes) {
    if constexpr (sizeof(V{}[0]) == 8) {
      return reinterpret_cast<V>(_mm512_maskz_loadu_epi64(static_cast<__mmask8>((1U << lanes) - 1), from));
    } else {
      return reinterpret_cast<V>(_mm512_maskz_loadu_epi32(static_cast<__mmask16>((1U << lanes) - 1), from));
    }
  }
  template <class V>
  static void store_first(void* to, V value, int lanes) {
    if constexpr (sizeof(V{}[0]) == 8) {
      _mm512_mask_storeu_epi64(to, static_cast<__mmask8>((1U << lanes) - 1), reinterpret_cast<__m512i>(value));
    } else {
      _mm512_mask_storeu_epi32(to, static_cast<__mmask16>((1U << lanes) - 1), reinterpret_cast<__m512i>(value));
    }
  }
  template <class Sums, class Words>
  static Sums add_s16_pairs(Sums sum, Words a, Words b) {
    return sum + reinterpret_cast<Sums>(
                     _mm512_madd_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
  }
};

}  // namespace
}  // namespace whygpu::simd
