// Split-K: when C has fewer tiles than the GPU has multiprocessors, several blocks share a tile, each with its part of
// the k range. The partial results are added in a fixed order, so the result never depends on timing.
#pragma once

#include <algorithm>

#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/arguments.h"

namespace whygpu::cuda {

inline constexpr int kMaxSplits = 32;

// Parts to split k into so that `blocks` blocks fill `slots` slots. No part is shorter than 256.
inline int splits_for(std::int64_t blocks, std::int64_t slots, std::int64_t k, int max_splits = kMaxSplits) {
  return static_cast<int>(std::clamp<std::int64_t>(std::min(slots / blocks, k / 256), 1, max_splits));
}

template <class T, class Out>
__global__ void __launch_bounds__(256) add_partials(const T* partials, Out* c, std::int64_t elements, int splits) {
  const std::int64_t i = std::int64_t{blockIdx.x} * 256 + threadIdx.x;
  if (i >= elements) return;
  T sum = 0;
  for (int s = 0; s < splits; ++s) sum += partials[s * elements + i];
  c[i] = narrow<Out>(sum);
}

template <class T, class Out>
void launch_add_partials(const T* partials, Out* c, std::int64_t elements, int splits, CUstream_st* stream) {
  launch(&add_partials<T, Out>, {ceil_div(elements, 256), 256}, stream, partials, c, elements, splits);
}

template <class T>
std::size_t partials_bytes(const Gemm& op, int splits) {
  return splits == 1 ? 0 : static_cast<std::size_t>(op.batch * op.m * op.n) * sizeof(T) * splits;
}

template <class T>
void launch_add_partials(const Gemm& op, int splits, const void* partials, void* c, CUstream_st* stream) {
  launch_add_partials(static_cast<const T*>(partials), static_cast<T*>(c), op.batch * op.m * op.n, splits, stream);
}

}  // namespace whygpu::cuda
