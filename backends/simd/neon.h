// Vectors of 128 bits on 64-bit Arm, for micro_kernel.h.
#pragma once

#include <arm_neon.h>

#include "backends/simd/packing.h"

namespace whygpu::simd {
namespace {

struct Neon {
  static constexpr int kBytes = 16;
  static constexpr int kRows = 8, kVectors = 3;  // 24 of 32 registers hold sums
  static constexpr int wide_vectors(int rows) { return rows == 1 ? 12 : 24 / rows; }

  template <class V>
  static constexpr bool has_masks() {
    return false;
  }
  template <class Sums, class Words>
  static Sums add_s16_pairs(Sums sum, Words a, Words b) {
    const auto x = reinterpret_cast<int16x8_t>(a), y = reinterpret_cast<int16x8_t>(b);
    const int32x4_t low = vmull_s16(vget_low_s16(x), vget_low_s16(y)), high = vmull_high_s16(x, y);
    return sum + reinterpret_cast<Sums>(vpaddq_s32(low, high));
  }
};

}  // namespace
}  // namespace whygpu::simd
