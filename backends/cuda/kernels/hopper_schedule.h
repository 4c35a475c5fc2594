// The block geometry of the kernels on Hopper's warpgroups, and how work is divided among blocks.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/hopper_instructions.h"
#include "backends/cuda/kernels/split_k.h"

namespace whygpu::cuda::hopper {

inline constexpr int kTileM = 128;
inline constexpr int kWarpgroup = 128;
inline constexpr int kConsumers = 2;
inline constexpr int kConsumerWarps = kConsumers * kWarpgroup / 32;
inline constexpr int kThreads = (1 + kConsumers) * kWarpgroup;
inline constexpr int kLine = 128;                 // bytes: one row of k, or one row across k, as TMA stores it
inline constexpr int kGroup = 64 * kLine;         // bytes: 64 lines
inline constexpr int kStep = 32;                  // bytes of k in one multiply-add
inline constexpr int kStagingBytes = 64 * kLine;  // a consumer's rows by 128 bytes of results

template <class In>
constexpr int kDepth = kLine / static_cast<int>(sizeof(In));
template <class In>
using Sum = std::conditional_t<std::is_same_v<In, std::int8_t>, std::int32_t, float>;

// Layout of shared memory: stages of A then B, two staging buffers per consumer, barriers.
template <int kTileN>
struct Layout {
  static constexpr int stages = kTileN == 256 ? 4 : kTileN == 128 ? 6 : 8;
  static constexpr int a_bytes = kTileM * kLine, b_bytes = kTileN * kLine, stage_bytes = a_bytes + b_bytes;
  static constexpr int staging = stages * stage_bytes;
  static constexpr int barriers = staging + kConsumers * 2 * kStagingBytes;
  static constexpr std::size_t shared_bytes = barriers + 2 * stages * sizeof(Barrier);
};

// The work: `batch` independent products of m by n results, each a sum in `splits` parts.
struct Schedule {
  int m, n, tiles_m, tiles_n, batch, splits;

  __device__ __forceinline__ unsigned units(unsigned cluster) const {
    return (tiles_m + cluster - 1) / cluster * tiles_n * batch * splits;
  }
};

// A tile of C, and the part of k that this block sums.
struct Tile {
  int row, column, entry, plane, first, count;  // first and count: in steps of kDepth along k
};

template <int kTileN>
Schedule make_schedule(std::int64_t m, std::int64_t n, std::int64_t batch, int splits) {
  return {static_cast<int>(m),
          static_cast<int>(n),
          static_cast<int>(ceil_div(m, kTileM)),
          static_cast<int>(ceil_div(n, kTileN)),
          static_cast<int>(batch),
          splits};
}

// Sharing B pays off if it is wide and blocks work on several tiles each. An odd number of tile rows would leave half a
// cluster idle.
template <int kTileN>
LaunchShape launch_shape(const Schedule& schedule, int multiprocessors) {
  const std::int64_t tiles = std::int64_t{schedule.tiles_m} * schedule.tiles_n * schedule.batch * schedule.splits;
  const bool share = kTileN > 64 && tiles > multiprocessors && schedule.tiles_m % 2 == 0 && multiprocessors > 1;
  const unsigned cluster = share ? 2 : 1;
  return {std::min<std::int64_t>(tiles, multiprocessors) / cluster * cluster, kThreads, Layout<kTileN>::shared_bytes,
          cluster};
}

// A tile width and a number of parts of k, with the estimated time, in steps along k of a 128×256 tile.
struct Choice {
  int tile_n = 256, splits = 1;
  double cost = 0;
};

// For `batch` products of m × n results, summed in `steps` steps of `depth` along k.
struct ChoiceInput {
  std::int64_t m, n, batch, steps;
  int depth, max_splits, multiprocessors;
};

inline Choice choose(const ChoiceInput& work, std::initializer_list<int> widths) {
  Choice best;
  for (const int tile_n : widths) {
    const std::int64_t tiles = ceil_div(work.m, kTileM) * ceil_div(work.n, tile_n) * work.batch;
    const int wanted = splits_for(tiles, work.multiprocessors, work.steps * work.depth, work.max_splits);
    const int splits = static_cast<int>(ceil_div(work.steps, ceil_div(work.steps, wanted)));  // no part is empty
    const double waves = static_cast<double>(ceil_div(tiles * splits, work.multiprocessors));
    const double step = tile_n == 256 ? 1 : tile_n == 128 ? 0.55 : 0.35;  // a narrow tile reuses less of what it loads
    constexpr double kFillAndStore = 4, kSecondLaunch = 4;
    const double cost = waves * step * (static_cast<double>(ceil_div(work.steps, splits)) + kFillAndStore) +
                        (splits > 1 ? kSecondLaunch : 0);
    if (best.cost == 0 || cost < best.cost) best = {tile_n, splits, cost};
  }
  return best;
}

}  // namespace whygpu::cuda::hopper
