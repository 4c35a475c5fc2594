// Forward and backward data as dense sums over filter taps, the form in which all these kernels compute them:
//
//   out[n, y, x] = Σ over taps (i, j) and channels of source[n, y', x'] · filter[tap_y, tap_x], for results u, v with
//   y = out_first + u · out_step,  y' = first + u · step + i · tap_step,  tap_y = tap_first + i · tap_stride  (x alike)
//
// Forward is one such problem, with result y and source x. Backward data splits into stride_h · stride_w problems of
// step 1, by the residue of a pixel's coordinates modulo the stride: pixel h receives output p through tap r
// where h + pad = p · stride + r · dilation. The taps of a residue are therefore equally spaced, and no products with
// zeros between strided pixels remain. The results of a residue without taps are zero.
#pragma once

#include "backends/cuda/kernels/platform.h"
#include "whygpu/backend.h"

namespace whygpu::cuda {

// One axis of a convolution, in either direction.
struct Span {
  int image, result, taps, stride, pad, dilation;
};

// One axis of a dense problem.
struct Axis {
  int results, out_first, out_step;
  int first, step, tap_step;
  int taps, tap_first, tap_stride;
};

inline Span vertical(const Convolution& op) {
  return {static_cast<int>(op.h),        static_cast<int>(op.p()),   static_cast<int>(op.r),
          static_cast<int>(op.stride_h), static_cast<int>(op.pad_h), static_cast<int>(op.dilation_h)};
}
inline Span horizontal(const Convolution& op) {
  return {static_cast<int>(op.w),        static_cast<int>(op.q()),   static_cast<int>(op.s),
          static_cast<int>(op.stride_w), static_cast<int>(op.pad_w), static_cast<int>(op.dilation_w)};
}

// How many dense problems an axis of a pass splits into, and how many results the first (the largest) of them has.
__host__ __device__ inline int residues(const Span& span, bool backward) {
  if (!backward) return 1;
  return span.stride < span.image ? span.stride : span.image;
}
__host__ __device__ inline int max_results(const Span& span, bool backward) {
  return backward ? (span.image + span.stride - 1) / span.stride : span.result;
}

// `residue` is in [0, residues()).
__host__ __device__ inline Axis dense_axis(const Span& span, bool backward, int residue) {
  if (!backward) return {span.result, 0, 1, -span.pad, span.stride, span.dilation, span.taps, 0, 1};
  const auto reaches = [&](int tap) { return (residue + span.pad - tap * span.dilation) % span.stride == 0; };
  int first_tap = 0;
  while (first_tap < span.taps && first_tap < span.stride && !reaches(first_tap)) ++first_tap;
  int spacing = 1;
  while (spacing * span.dilation % span.stride != 0) ++spacing;
  const bool any = first_tap < span.taps && reaches(first_tap);
  return {(span.image - residue + span.stride - 1) / span.stride,
          residue,
          span.stride,
          any ? (residue + span.pad - first_tap * span.dilation) / span.stride : 0,
          1,
          -(spacing * span.dilation / span.stride),
          any ? (span.taps - first_tap + spacing - 1) / spacing : 0,
          first_tap,
          spacing};
}

__host__ __device__ inline bool inside(int at, int extent) {
  return static_cast<unsigned>(at) < static_cast<unsigned>(extent);
}

// The rows of a dense problem are its results (image, u, v).
struct RowPosition {
  int image, u, v;
};
__host__ __device__ inline RowPosition row_position(int row, const Axis& y, const Axis& x) {
  const int line = row / x.results;
  return {line / y.results, line % y.results, row % x.results};
}

}  // namespace whygpu::cuda
