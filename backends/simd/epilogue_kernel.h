// Bias, activation and residual on rows of C. Included like micro_kernel.h.
#pragma once

#include "backends/simd/depthwise_kernel.h"

namespace whygpu::simd {
namespace {

// A bound that leaves NaN what it is.
template <class V>
V least_result(bool relu) {
  return (relu ? 0 : -__builtin_inff()) - V{};
}
template <class V>
V at_least(V least, V value) {
  return value < least ? least : value;
}

template <class Kind>
void apply_epilogue(const EpilogueRows& e) {
  using Isa = typename Kind::Isa;
  using Words = typename Kind::Words;
  constexpr std::int64_t kBytes = sizeof(Words);
  for_channels<Kind, 2>(e.columns, [&e]<int kVectors, bool kAll>(std::int64_t offset, int lanes) {
    const Words least = least_result<Words>(e.relu);
    Words bias[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) bias[v] = read<Isa, Words, kAll>(e.bias + offset + v * kBytes, lanes);
    for (std::int64_t row = 0; row < e.rows; ++row) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const std::int64_t at = row * e.row + offset + v * kBytes;
        Words y = at_least(least, read<Isa, Words, kAll>(e.c + at, lanes) + bias[v]);
        if (e.residual != nullptr) y += read<Isa, Words, kAll>(e.residual + at, lanes);
        if constexpr (kAll) {
          store(e.c + at, y);
        } else {
          store_first<Isa>(e.c + at, y, lanes);
        }
      }
    }
  });
}

}  // namespace
}  // namespace whygpu::simd
