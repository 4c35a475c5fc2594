// Operand buffers of the mma.sync kernels: 64 bytes of k per row, in 16-byte chunks permuted by XOR with bits of their
// line (a swizzle), so that a warp's simultaneous reads use different banks without any padding. All element types
// share this geometry: an instruction takes 32 bytes of k whether those are 8, 16 or 32 elements.
#pragma once

#include "backends/cuda/kernels/instructions.h"

namespace whygpu::cuda {

inline constexpr int kDepthBytes = 64;

// One operand's buffer: kExtent rows (of op(A), or columns of op(B)) by 64 bytes of k.
//
// Along k: row r is 64 bytes at r · 64, four chunks. Across k: depth p is a line of all rows, split into chunks of four
// or eight rows; ldmatrix transposes 16-bit elements on the way to registers. 32-bit elements are read word by word,
// four lines at a time, from lines padded by 32 bytes, which is as good as a swizzle and keeps addresses at fixed
// distances.
template <class In, bool kAcross, int kExtent>
struct Slice {
  static_assert(!kAcross || sizeof(In) >= 2);
  static constexpr bool across = kAcross, padded = kAcross && sizeof(In) == 4;
  static constexpr int chunk_elements = 16 / static_cast<int>(sizeof(In));
  static constexpr int lines = kAcross ? kDepthBytes / static_cast<int>(sizeof(In)) : kExtent;
  static constexpr int chunks_per_line = kAcross ? kExtent / chunk_elements : kDepthBytes / 16;
  static constexpr int line_bytes = chunks_per_line * 16 + (padded ? 32 : 0);
  static constexpr int bytes = lines * line_bytes;

  static __device__ __forceinline__ int offset(int line, int chunk) {
    const int swizzle = padded ? 0 : kAcross ? line & 7 : (line >> 1) & 3;
    return line * line_bytes + (chunk ^ swizzle) * 16;
  }

  // The fragments of 16 rows from `row` on, at k step `step`, in the order that mma expects for A: lower and upper
  // eight rows of the first 16 bytes of k, then of the second.
  static __device__ __forceinline__ void load_a(unsigned (&fragments)[4], const unsigned char* buffer, int row,
                                                int step, int lane) {
    if constexpr (padded) {
#pragma unroll
      for (int i = 0; i < 4; ++i) fragments[i] = word(buffer, row + i % 2 * 8, step, i / 2, lane);
    } else if constexpr (kAcross) {
      load_matrix_x4_transposed(fragments,
                                buffer + offset(step * 16 + lane % 8 + lane / 16 * 8, row / 8 + lane / 8 % 2));
    } else {
      load_matrix_x4(fragments, buffer + offset(row + lane % 16, step * 2 + lane / 16));
    }
  }

  // The same rows in the order of two B fragments: both halves of k for the lower eight rows, then for the upper eight.
  static __device__ __forceinline__ void load_b(unsigned (&fragments)[4], const unsigned char* buffer, int row,
                                                int step, int lane) {
    if constexpr (padded) {
#pragma unroll
      for (int i = 0; i < 4; ++i) fragments[i] = word(buffer, row + i / 2 * 8, step, i % 2, lane);
    } else if constexpr (kAcross) {
      load_matrix_x4_transposed(fragments, buffer + offset(step * 16 + lane % 16, row / 8 + lane / 16));
    } else {
      load_matrix_x4(fragments, buffer + offset(row + lane % 8 + lane / 16 * 8, step * 2 + lane / 8 % 2));
    }
  }

 private:
  // This lane's value of eight rows from `row` on, in the lower or upper four of the eight k of a step.
  static __device__ __forceinline__ unsigned word(const unsigned char* buffer, int row, int step, int half, int lane) {
    return load_word(buffer + (step * 8 + half * 4 + lane % 4) * line_bytes + (row + lane / 4) * 4);
  }
};

// A warp's results: kRows by kColumns, in blocks of 16 × 8.
template <class Sum, int kRows, int kColumns>
using WarpSums = Sum[kRows / 16][kColumns / 8][4];

// Adds the products of one pair of buffers to a warp's results, whose upper left corner in the tile is (row, column).
template <class In, class SliceA, class SliceB, class Sum, int kRowTiles, int kColumnTiles>
__device__ __forceinline__ void multiply_slices(Sum (&sums)[kRowTiles][kColumnTiles][4], const unsigned char* a,
                                                const unsigned char* b, int row, int column, int lane) {
  constexpr int kSteps = kDepthBytes / 32;
  constexpr int kTogether = SliceA::padded ? 1 : kSteps;  // steps whose fragments are in registers at once
#pragma unroll
  for (int first = 0; first < kSteps; first += kTogether) {
    unsigned a_fragments[kTogether][kRowTiles][4], b_fragments[kTogether][kColumnTiles / 2][4];
#pragma unroll
    for (int step = 0; step < kTogether; ++step) {
#pragma unroll
      for (int i = 0; i < kRowTiles; ++i) SliceA::load_a(a_fragments[step][i], a, row + i * 16, first + step, lane);
#pragma unroll
      for (int j = 0; j < kColumnTiles / 2; ++j) {
        SliceB::load_b(b_fragments[step][j], b, column + j * 16, first + step, lane);
      }
    }
#pragma unroll
    for (int step = 0; step < kTogether; ++step) {
#pragma unroll
      for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
        for (int j = 0; j < kColumnTiles; ++j) {
          const unsigned(&pair)[4] = b_fragments[step][j / 2];
          const unsigned b_fragment[2] = {pair[j % 2 * 2], pair[j % 2 * 2 + 1]};
          multiply_add(In{}, sums[i][j], a_fragments[step][i], b_fragment);
        }
      }
    }
  }
}

// Calls f(In{}) with the type that tensor cores read, for the dtypes that mma.sync supports.
template <class F>
auto with_tensor_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f16: return f(Float16{});
    case DType::bf16: return f(BFloat16{});
    case DType::tf32: return f(Tf32{});
    case DType::s8: return f(std::int8_t{});
    default: throw std::logic_error("not a dtype of this kernel");
  }
}

}  // namespace whygpu::cuda
