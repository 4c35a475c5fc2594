// multiply_slices() of tensor_tile.h on CUDA cores, for f32: same buffers, and the same results in the same threads, so
// a kernel differs in one call.
#pragma once

#include "backends/cuda/kernels/tensor_tile.h"

namespace whygpu::cuda {

// Along k: four values of k at once. Eight lanes of a column, or four of a row, read neighbouring lines, which the
// swizzle places in different banks; the other lanes read the same words.
template <int kRowTiles, int kColumnTiles, class SliceA, class SliceB>
__device__ __forceinline__ void fma_along(float (&sums)[kRowTiles][kColumnTiles][4], const unsigned char* a,
                                          const unsigned char* b, int row, int column, int lane) {
#pragma unroll 1
  for (int chunk = 0; chunk < SliceA::chunks_per_line; ++chunk) {
    float4 left[kRowTiles][2];
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        left[i][half] = *reinterpret_cast<const float4*>(a + SliceA::offset(row + i * 16 + half * 8 + lane / 4, chunk));
      }
    }
#pragma unroll
    for (int j = 0; j < kColumnTiles; ++j) {
#pragma unroll
      for (int side = 0; side < 2; ++side) {
        const float4 right =
            *reinterpret_cast<const float4*>(b + SliceB::offset(column + j * 8 + lane % 4 * 2 + side, chunk));
#pragma unroll
        for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
          for (int half = 0; half < 2; ++half) {
            float& sum = sums[i][j][half * 2 + side];
            sum += left[i][half].x * right.x;
            sum += left[i][half].y * right.y;
            sum += left[i][half].z * right.z;
            sum += left[i][half].w * right.w;
          }
        }
      }
    }
  }
}

// Across k: one line at a time.
template <int kRowTiles, int kColumnTiles, class SliceA, class SliceB>
__device__ __forceinline__ void fma_across(float (&sums)[kRowTiles][kColumnTiles][4], const unsigned char* a,
                                           const unsigned char* b, int row, int column, int lane) {
#pragma unroll 4
  for (int line = 0; line < kDepthBytes / 4; ++line) {
    float left[kRowTiles][2];
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int own = row + i * 16 + half * 8 + lane / 4;
        left[i][half] = *reinterpret_cast<const float*>(a + line * SliceA::line_bytes + own * 4);
      }
    }
#pragma unroll
    for (int j = 0; j < kColumnTiles; ++j) {
      const int own = column + j * 8 + lane % 4 * 2;
      const float2 right = *reinterpret_cast<const float2*>(b + line * SliceB::line_bytes + own * 4);
#pragma unroll
      for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          sums[i][j][half * 2] += left[i][half] * right.x;
          sums[i][j][half * 2 + 1] += left[i][half] * right.y;
        }
      }
    }
  }
}

// multiply_slices(), on CUDA cores where In is float.
template <class In, class SliceA, class SliceB, class Sum, int kRowTiles, int kColumnTiles>
__device__ __forceinline__ void multiply_any_slices(Sum (&sums)[kRowTiles][kColumnTiles][4], const unsigned char* a,
                                                    const unsigned char* b, int row, int column, int lane) {
  if constexpr (!std::is_same_v<In, float>) {
    multiply_slices<In, SliceA, SliceB>(sums, a, b, row, column, lane);
  } else if constexpr (SliceA::across) {
    fma_across<kRowTiles, kColumnTiles, SliceA, SliceB>(sums, a, b, row, column, lane);
  } else {
    fma_along<kRowTiles, kColumnTiles, SliceA, SliceB>(sums, a, b, row, column, lane);
  }
}

// "mma.sync bf16" or "CUDA cores".
inline std::string multiplier_name(DType dtype) {
  return dtype == DType::f32 ? "CUDA cores" : "mma.sync " + std::string(dtype_name(dtype));
}

}  // namespace whygpu::cuda
