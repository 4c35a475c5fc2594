// How the kernels on Hopper's warpgroups write a tile: a consumer's 64 rows through shared memory by TMA, or directly
// from registers. Thread 4r + c of a warp holds columns 8j + 2c and 8j + 2c + 1 of rows r and r + 8.
#pragma once

#include "backends/cuda/kernels/hopper_schedule.h"

namespace whygpu::cuda::hopper {

// One line of a staging buffer, 32 results of 32 bits: block b of eight columns goes to chunks 2b and 2b + 1, at the
// positions given by the 128-byte swizzle. In odd rows the first two blocks are swapped with the last two, so that rows
// r and r + 1 use different banks.
template <int kTileN, class T>
__device__ __forceinline__ void stage_words(const T (&sums)[kTileN / 2], unsigned char* line, int chunk, int half) {
  const int r = static_cast<int>(threadIdx.x) % 32 / 4, c = static_cast<int>(threadIdx.x) % 4;
  const int odd = r & 1;
#pragma unroll
  for (int block = 0; block < 4; ++block) {
    const int own = (chunk * 4 + block) * 4 + half * 2, other = (chunk * 4 + (block ^ 2)) * 4 + half * 2;
    const T low = odd != 0 ? sums[other] : sums[own];
    const T high = odd != 0 ? sums[other + 1] : sums[own + 1];
    const int place = ((block ^ (2 * odd)) * 2 + c / 2) ^ r;
    T* const target = reinterpret_cast<T*>(line + place * 16 + c % 2 * 8);
    if constexpr (std::is_same_v<T, float>) {
      *reinterpret_cast<float2*>(target) = make_float2(low, high);
    } else {
      *reinterpret_cast<int2*>(target) = make_int2(low, high);
    }
  }
}

// The same for 64 results of 16 bits; a block of eight columns is one chunk.
template <int kTileN, class Out>
__device__ __forceinline__ void stage_halves(const float (&sums)[kTileN / 2], unsigned char* line, int chunk,
                                             int half) {
  const int r = static_cast<int>(threadIdx.x) % 32 / 4, c = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
  for (int block = 0; block < 8; ++block) {
    const int own = (chunk * 8 + block) * 4 + half * 2;
    *reinterpret_cast<unsigned*>(line + (block ^ r) * 16 + c * 4) = narrow_pair<Out>(sums[own], sums[own + 1]);
  }
}

// Writes rows to the map's matrix `plane`, from column `column` on, 128 bytes of columns at a time: one staging buffer
// is filled while the other is stored. The map clips what is outside the matrix.
template <int kTileN, class Out, class T>
__device__ __forceinline__ void store_by_tma(const T (&sums)[kTileN / 2], const TensorMap& map, const Tile& tile,
                                             int columns, bool inside, int consumer) {
  constexpr int kColumns = kLine / static_cast<int>(sizeof(Out)), kChunks = kTileN / kColumns;
  // The buffer's last store is the one before the last, or, if a tile has one chunk and uses one buffer, the last.
  static_assert(kChunks == 1 || kChunks % 2 == 0);
  constexpr int kPending = kChunks == 1 ? 0 : 1;
  const int thread = static_cast<int>(threadIdx.x) % kWarpgroup;
  unsigned char* const staging = shared_memory() + Layout<kTileN>::staging + consumer * 2 * kStagingBytes;
#pragma unroll
  for (int chunk = 0; chunk < kChunks; ++chunk) {
    unsigned char* const buffer = staging + chunk % 2 * kStagingBytes;
    if (thread == 0) tma_store_wait_read<kPending>();
    named_barrier(1 + consumer, kWarpgroup);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      unsigned char* const line = buffer + (thread / 32 * 16 + half * 8 + thread % 32 / 4) * kLine;
      if constexpr (sizeof(Out) == 2) {
        stage_halves<kTileN, Out>(sums, line, chunk, half);
      } else {
        stage_words<kTileN>(sums, line, chunk, half);
      }
    }
    fence_async_proxy();
    named_barrier(1 + consumer, kWarpgroup);
    if (thread == 0) {
      const int column = tile.column + chunk * kColumns;
      if (inside && column < columns) tma_store(map, buffer, column, tile.row + consumer * 64, tile.plane);
      tma_store_commit();
    }
  }
}

// For rows that TMA cannot write: not starting on 16-byte boundaries, or not contiguous. `line_of(row)` is where a
// row's columns start.
template <int kTileN, class Out, class T, class LineOf>
__device__ __forceinline__ void store_directly(const T (&sums)[kTileN / 2], const Tile& tile, int rows, int columns,
                                               int consumer, LineOf line_of) {
  const int thread = static_cast<int>(threadIdx.x) % kWarpgroup;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = tile.row + consumer * 64 + thread / 32 * 16 + half * 8 + thread % 32 / 4;
    if (row >= rows) continue;
    Out* const line = line_of(row);
#pragma unroll
    for (int block = 0; block < kTileN / 8; ++block) {
      const int column = tile.column + block * 8 + thread % 4 * 2;
      if (column >= columns) continue;
      store_pair(line + column, sums[block * 4 + half * 2], sums[block * 4 + half * 2 + 1], column + 1 < columns);
    }
  }
}

}  // namespace whygpu::cuda::hopper
