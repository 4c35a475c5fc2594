// The block geometry of the kernels on Hopper's warpgroups, and how work is divided among blocks.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <vector>

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

// The work unit of a block, or cluster, in each of its turns. Turns go forth and back, so that where long units come
// first, the blocks with the longest get the shortest next.
__host__ __device__ inline unsigned unit_of(unsigned turn, unsigned block, unsigned blocks) {
  return turn * blocks + (turn % 2 == 0 ? block : blocks - 1 - block);
}

// A tile width and a number of parts of k, with the estimated time, in steps along k of a 128×256 tile.
struct Choice {
  int tile_n = 256, splits = 1;
  double cost = 0;
};

// For `batch` products of m × n results. Product e is summed in steps[e % steps.size()] steps of `depth` along k. Only
// products of one length can be split.
struct ChoiceInput {
  std::int64_t m, n, batch;
  std::vector<std::int64_t> steps;
  int depth, max_splits, multiprocessors;
};

// The steps of the busiest block, and `per_tile` for each of its tiles.
inline double longest_block(const ChoiceInput& work, int tile_n, int splits, double per_tile) {
  const std::int64_t per_entry = ceil_div(work.m, kTileM) * ceil_div(work.n, tile_n);
  const std::int64_t tiles = per_entry * work.batch * splits;
  if (work.steps.size() == 1) {
    return static_cast<double>(ceil_div(tiles, work.multiprocessors)) *
           (static_cast<double>(ceil_div(work.steps[0], splits)) + per_tile);
  }
  std::vector<double> blocks(static_cast<std::size_t>(std::min<std::int64_t>(tiles, work.multiprocessors)));
  const auto count = static_cast<unsigned>(blocks.size());
  for (unsigned turn = 0; turn * count < tiles; ++turn) {
    for (unsigned block = 0; block < count; ++block) {
      const std::int64_t tile = unit_of(turn, block, count);
      const auto entry = static_cast<std::size_t>(tile / per_entry);
      if (tile < tiles) blocks[block] += static_cast<double>(work.steps[entry % work.steps.size()]) + per_tile;
    }
  }
  return *std::max_element(blocks.begin(), blocks.end());
}

inline Choice choose(const ChoiceInput& work, std::initializer_list<int> widths) {
  constexpr double kFillAndStore = 4, kSecondLaunch = 4;
  constexpr double kBytesPerStep = 16e3;  // of memory traffic of one multiprocessor in the time of a step
  const std::int64_t most = std::clamp<std::int64_t>(work.steps[0] * work.depth / 256, 1, work.max_splits);
  Choice best;
  for (const int tile_n : widths) {
    const double step = tile_n == 256 ? 1 : tile_n == 128 ? 0.55 : 0.35;  // a narrow tile reuses less of what it loads
    for (int splits = 1; splits <= most; ++splits) {
      if (ceil_div(work.steps[0], ceil_div(work.steps[0], splits)) != splits) continue;  // a part would be empty
      double cost = step * longest_block(work, tile_n, splits, kFillAndStore);
      if (splits > 1) {
        const double partials = static_cast<double>(work.m * work.n * work.batch) * splits * sizeof(float);
        cost += kSecondLaunch + partials / (kBytesPerStep * work.multiprocessors);
      }
      if (best.cost == 0 || cost < best.cost) best = {tile_n, splits, cost};
    }
  }
  return best;
}

}  // namespace whygpu::cuda::hopper
