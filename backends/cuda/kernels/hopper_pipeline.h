// The main loop of the kernels on Hopper's warpgroups: a ring of stages between one thread that loads and two
// warpgroups that multiply.
//
// A block of three warpgroups is persistent and computes tile after tile, 128 rows by 256, 128 or 64 columns. One
// thread of the first warpgroup, the producer, keeps a ring of stages in shared memory filled with the next 128 bytes
// of k; the other two, the consumers, own 64 rows of the tile each and multiply from shared memory into registers,
// which the producer has given up for them. Each stage has two barriers: `full` counts the bytes that land, `empty` the
// warps that are done reading.
//
// Two blocks may form a cluster: their tiles are vertical neighbours, and each block loads half of B for both.
#pragma once

#include "backends/cuda/kernels/hopper_schedule.h"

#ifdef __CUDACC__
#pragma nv_diag_suppress 177  // unused functions: the kernel is empty on chips other than sm_90a
#endif

namespace whygpu::cuda {

namespace hopper {

// The work units of a cluster are vertically adjacent tiles, one per block. Work defines what a kernel computes:
//   Schedule schedule;
//   int steps(int entry) const;                           steps along k of one product, at least one
//   Loader loader(const Tile&, cluster, rank) const;      its load(a, b, barrier, step) fills a stage, in step order
//   void store(sums, const Tile&, int consumer) const;
template <int kTileN, class Work>
__device__ __forceinline__ Tile tile_of(const Work& work, unsigned unit, unsigned cluster, unsigned rank) {
  const Schedule& schedule = work.schedule;
  const unsigned units_m = (schedule.tiles_m + cluster - 1) / cluster;
  const unsigned per_entry = units_m * schedule.tiles_n;
  const TileIndex index = banded_tile(unit % per_entry, units_m, schedule.tiles_n);
  const unsigned item = unit / per_entry;
  const int split = static_cast<int>(item % schedule.splits), entry = static_cast<int>(item / schedule.splits);
  const int steps = work.steps(entry);
  const int per_split = (steps + schedule.splits - 1) / schedule.splits;
  const int first = split * per_split;
  const int left = steps - first;
  return {static_cast<int>(index.row * cluster + rank) * kTileM,
          static_cast<int>(index.column) * kTileN,
          entry,
          split * schedule.batch + entry,
          first,
          left < per_split ? left : per_split};
}

// A position in the ring of stages; `phase` is the parity of the round.
template <int kStages>
struct RingPosition {
  int stage = 0;
  unsigned phase = 0;
  __device__ __forceinline__ void advance() {
    if (++stage == kStages) {
      stage = 0;
      phase ^= 1;
    }
  }
};

template <int kTileN, class Work>
__device__ __forceinline__ void produce(const Work& work, unsigned cluster) {
  using L = Layout<kTileN>;
  unsigned char* const memory = shared_memory();
  Barrier* const full = reinterpret_cast<Barrier*>(memory + L::barriers);
  Barrier* const empty = full + L::stages;
  const unsigned rank = cluster > 1 ? cluster_rank() : 0;
  const unsigned units = work.schedule.units(cluster);

  RingPosition<L::stages> at;
  for (unsigned turn = 0;; ++turn) {
    const unsigned unit = unit_of(turn, blockIdx.x / cluster, gridDim.x / cluster);
    if (unit >= units) break;
    const Tile tile = tile_of<kTileN>(work, unit, cluster, rank);
    auto loader = work.loader(tile, cluster, rank);
    for (int step = 0; step < tile.count; ++step, at.advance()) {
      unsigned char* const a = memory + at.stage * L::stage_bytes;
      barrier_wait(&empty[at.stage], at.phase ^ 1);
      barrier_arrive_expecting(&full[at.stage], L::stage_bytes);
      loader.load(a, a + L::a_bytes, &full[at.stage], tile.first + step);
    }
  }
}

// A block's share of the columns of B: all, or half of a cluster's, which both blocks receive.
struct SharedColumns {
  unsigned cluster, rank;

  __device__ __forceinline__ void load(void* place, const TensorMap& map, int x, int y, int z, Barrier* barrier) const {
    if (cluster > 1) {
      tma_load_multicast(place, map, x, y, z, barrier, static_cast<std::uint16_t>((1U << cluster) - 1));
    } else {
      tma_load(place, map, x, y, z, barrier);
    }
  }
  // Columns along k, in one box.
  template <int kTileN>
  __device__ __forceinline__ void load_along(unsigned char* b, const TensorMap& map, int k, int column, int z,
                                             Barrier* barrier) const {
    const int first = static_cast<int>(rank) * (kTileN / 2);  // without a cluster, the rank is 0
    load(b + first * kLine, map, k, column + first, z, barrier);
  }
  // Columns across k, 64 in a box.
  template <int kTileN>
  __device__ __forceinline__ void load_across(unsigned char* b, const TensorMap& map, int k, int column, int z,
                                              Barrier* barrier) const {
    constexpr int kBoxes = kTileN / 64;
#pragma unroll
    for (int box = 0; box < kBoxes; ++box) {
      const bool own = cluster == 1 || box * 2 / kBoxes == static_cast<int>(rank);
      if (own) load(b + box * kGroup, map, column + box * 64, k, z, barrier);
    }
  }
};

// Accumulates one tile: 64 rows from the consumer's half of A.
template <class In, int kTileN, bool kAcrossA, bool kAcrossB>
__device__ __forceinline__ void multiply_tile(Sum<In> (&sums)[kTileN / 2], RingPosition<Layout<kTileN>::stages>& at,
                                              int steps, int consumer, unsigned cluster) {
  using L = Layout<kTileN>;
  unsigned char* const memory = shared_memory();
  Barrier* const full = reinterpret_cast<Barrier*>(memory + L::barriers);
  Barrier* const empty = full + L::stages;
  // Tensor cores keep fewer bits in sums of fp8 products, so these are added up outside of them after each stage.
  constexpr bool kPromote = std::is_same_v<In, Float8E4M3>;
  // From one multiply-add to the next: 32 bytes along a line of k, or as many lines as 32 bytes of k have elements.
  constexpr unsigned kStepA = kAcrossA ? kStep / sizeof(In) * kLine : kStep;
  constexpr unsigned kStepB = kAcrossB ? kStep / sizeof(In) * kLine : kStep;

  // Lanes of one warp tell each block of the cluster that this warp has read the stage.
  const auto release = [&](int stage) {
    const unsigned lane = threadIdx.x % 32;
    if (cluster > 1) {
      if (lane < cluster) barrier_arrive_at(&empty[stage], lane);
    } else if (lane == 0) {
      barrier_arrive(&empty[stage]);
    }
  };

  Sum<In> fresh[kPromote ? kTileN / 2 : 1];
  if constexpr (kPromote) {
#pragma unroll
    for (int i = 0; i < kTileN / 2; ++i) sums[i] = 0;
  }
  int previous = -1;
  for (int step = 0; step < steps; ++step, at.advance()) {
    const unsigned a = shared_address(memory + at.stage * L::stage_bytes + consumer * kGroup);
    const unsigned b = shared_address(memory + at.stage * L::stage_bytes + L::a_bytes);
    barrier_wait(&full[at.stage], at.phase);
    warpgroup_fence();
#pragma unroll
    for (unsigned part = 0; part < kLine / kStep; ++part) {
      const std::uint64_t a_tile = make_descriptor(a + part * kStepA, kGroup, 8 * kLine);
      const std::uint64_t b_tile = make_descriptor(b + part * kStepB, kGroup, 8 * kLine);
      if constexpr (kPromote) {
        warpgroup_multiply_add<kAcrossA, kAcrossB>(In{}, fresh, a_tile, b_tile, part != 0);
      } else {
        warpgroup_multiply_add<kAcrossA, kAcrossB>(In{}, sums, a_tile, b_tile, step != 0 || part != 0);
      }
    }
    warpgroup_commit();
    if constexpr (kPromote) {
      warpgroup_wait<0>();
      settle(fresh);
      release(at.stage);
#pragma unroll
      for (int i = 0; i < kTileN / 2; ++i) sums[i] += fresh[i];
    } else {
      warpgroup_wait<1>();  // this stage's may still run; the previous one is done
      if (previous >= 0) release(previous);
      previous = at.stage;
    }
  }
  if constexpr (!kPromote) {
    warpgroup_wait<0>();
    settle(sums);
    release(previous);
  }
}

template <class In, int kTileN, bool kAcrossA, bool kAcrossB, class Work>
__device__ __forceinline__ void consume(const Work& work, unsigned cluster) {
  const int consumer = static_cast<int>(threadIdx.x) / kWarpgroup - 1;
  const unsigned rank = cluster > 1 ? cluster_rank() : 0;
  const unsigned units = work.schedule.units(cluster);

  // Each tile begins by overwriting the sums, but the ptxas of CUDA 12.4 serialises wgmma (C7515) on registers that
  // nothing defined.
  Sum<In> sums[kTileN / 2];
#pragma unroll
  for (int i = 0; i < kTileN / 2; ++i) sums[i] = 0;
  RingPosition<Layout<kTileN>::stages> at;
  for (unsigned turn = 0;; ++turn) {
    const unsigned unit = unit_of(turn, blockIdx.x / cluster, gridDim.x / cluster);
    if (unit >= units) break;
    const Tile tile = tile_of<kTileN>(work, unit, cluster, rank);
    multiply_tile<In, kTileN, kAcrossA, kAcrossB>(sums, at, tile.count, consumer, cluster);
    work.store(sums, tile, consumer);
  }
  if (threadIdx.x % kWarpgroup == 0) tma_store_wait();
}

// The complete kernel, for every thread of a block.
template <class In, int kTileN, bool kAcrossA, bool kAcrossB, class Work>
__device__ __forceinline__ void run_block(const Work& work, unsigned cluster) {
  using L = Layout<kTileN>;
  if (threadIdx.x == 0) {
    Barrier* const full = reinterpret_cast<Barrier*>(shared_memory() + L::barriers);
    for (int stage = 0; stage < L::stages; ++stage) {
      barrier_init(&full[stage], 1);
      barrier_init(&full[L::stages + stage], kConsumerWarps * cluster);
    }
    barrier_init_fence();
  }
  cluster_sync();

  if (threadIdx.x < kWarpgroup) {
    give_registers<40>();
    if (threadIdx.x == 0) produce<kTileN>(work, cluster);
  } else {
    take_registers<232>();
    consume<In, kTileN, kAcrossA, kAcrossB>(work, cluster);
  }
  cluster_sync();  // the other block may still write to this one's shared memory, or arrive at its barriers
}

}  // namespace hopper

}  // namespace whygpu::cuda
