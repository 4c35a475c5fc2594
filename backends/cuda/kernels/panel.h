// Slices of op(A) and op(B) in shared memory, both with k as the outer index: panel[p][i] is row (or column) i at depth
// p.
#pragma once

#include "backends/cuda/kernels/platform.h"

namespace whygpu::cuda {

// Copies elements (i, p), i < kExtent and p < kDepth, from source[i · i_stride + p · p_stride]; zero if i or p is
// outside the matrix. Neighbouring threads read neighbouring addresses, whichever stride is 1.
template <int kThreads, int kExtent, int kDepth, int kPitch, class T>
__device__ __forceinline__ void load_panel(T (&panel)[kDepth][kPitch], const T* source, std::int64_t i_stride,
                                           std::int64_t p_stride, int i_left, int p_left) {
  static_assert(kExtent * kDepth % kThreads == 0 && kExtent <= kPitch);
#pragma unroll
  for (int step = 0; step < kExtent * kDepth / kThreads; ++step) {
    const int element = step * kThreads + static_cast<int>(threadIdx.x);
    const bool along_p = p_stride == 1;
    const int i = along_p ? element / kDepth : element % kExtent;
    const int p = along_p ? element % kDepth : element / kExtent;
    panel[p][i] = i < i_left && p < p_left ? source[i * i_stride + p * p_stride] : T();
  }
}

}  // namespace whygpu::cuda
