// Rung 8, hopper: warpgroup multiply-adds fed by the tensor memory accelerator (sm_90a), for f16, bf16, tf32, f8e4m3
// and s8.
//
// A block of three warpgroups stays on its multiprocessor and computes tile after tile of C, 128 rows by 256 columns
// (or 128). One thread of the first warpgroup, the producer, keeps a ring of stages in shared memory filled with the
// 128 bytes of k that come next; the other two, the consumers, own 64 rows of the tile each and multiply from shared
// memory into registers, which the producer has given up for them. Two barriers per stage hand it back and forth:
// `full` counts the bytes that land, `empty` the warps that are done reading.
//
// Two blocks may form a cluster: their tiles lie above each other, so that each loads half of B for both.
#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/hopper_instructions.h"
#include "backends/cuda/kernels/pack.h"
#include "backends/cuda/kernels/simple.h"
#include "backends/cuda/kernels/split_k.h"
#include "backends/cuda/kernels/tensor_map.h"

#ifdef __CUDACC__
#pragma nv_diag_suppress 177  // unused functions: for other chips than sm_90a the kernel is empty
#endif

namespace whygpu::cuda {
namespace {

constexpr int kTileM = 128;
constexpr int kWarpgroup = 128;
constexpr int kConsumers = 2;
constexpr int kConsumerWarps = kConsumers * kWarpgroup / 32;
constexpr int kThreads = (1 + kConsumers) * kWarpgroup;
constexpr int kLine = 128;                 // bytes: one row of k, or one row across k, as TMA lays it down
constexpr int kGroup = 64 * kLine;         // bytes: 64 lines
constexpr int kStep = 32;                  // bytes of k in one multiply-add
constexpr int kStagingBytes = 64 * kLine;  // 64 rows by 32 results

template <class In>
constexpr int kDepth = kLine / static_cast<int>(sizeof(In));
template <class In>
using Sum = std::conditional_t<std::is_same_v<In, std::int8_t>, std::int32_t, float>;

// Where things lie in shared memory: stages of A then B, two staging buffers per consumer, barriers.
template <int kTileN>
struct Layout {
  static constexpr int stages = kTileN == 256 ? 4 : 6;
  static constexpr int a_bytes = kTileM * kLine, b_bytes = kTileN * kLine, stage_bytes = a_bytes + b_bytes;
  static constexpr int staging = stages * stage_bytes;
  static constexpr int barriers = staging + kConsumers * 2 * kStagingBytes;
  static constexpr std::size_t shared_bytes = barriers + 2 * stages * sizeof(Barrier);
};

// What there is to do, apart from the matrices themselves.
struct Schedule {
  int m, n, tiles_k, tiles_m, tiles_n, batch, splits;
  bool store_by_tma;
  void* c;
};

// A tile of C, and the part of k that this block adds up for it.
struct Tile {
  int row, column, entry, plane, first, count;  // first and count: in steps of kDepth along k
};

// The units of work of a cluster are tiles above each other, one per block.
template <int kTileN>
__device__ __forceinline__ Tile tile_of(const Schedule& schedule, unsigned unit, unsigned cluster, unsigned rank) {
  const unsigned units_m = (schedule.tiles_m + cluster - 1) / cluster;
  const unsigned per_entry = units_m * schedule.tiles_n;
  const TileIndex index = banded_tile(unit % per_entry, units_m, schedule.tiles_n);
  const unsigned item = unit / per_entry;
  const int split = static_cast<int>(item % schedule.splits), entry = static_cast<int>(item / schedule.splits);
  const int per_split = (schedule.tiles_k + schedule.splits - 1) / schedule.splits;
  const int first = split * per_split;
  const int left = schedule.tiles_k - first;
  return {static_cast<int>(index.row * cluster + rank) * kTileM,
          static_cast<int>(index.column) * kTileN,
          entry,
          split * schedule.batch + entry,
          first,
          left < per_split ? left : per_split};
}

// A place in the ring of stages; `phase` is the parity of the round.
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

// The maps' boxes: rows along k are loaded in one box each (B's share of a block in one), 64 rows across k in a box
// each.
template <class In, int kTileN, bool kAcrossA, bool kAcrossB>
__device__ __forceinline__ void produce(const TensorMap& a_map, const TensorMap& b_map, const Schedule& schedule,
                                        unsigned cluster) {
  using L = Layout<kTileN>;
  unsigned char* const memory = shared_memory();
  Barrier* const full = reinterpret_cast<Barrier*>(memory + L::barriers);
  Barrier* const empty = full + L::stages;
  const unsigned rank = cluster > 1 ? cluster_rank() : 0;
  const auto everyone = static_cast<std::uint16_t>((1U << cluster) - 1);
  const unsigned units =
      (schedule.tiles_m + cluster - 1) / cluster * schedule.tiles_n * schedule.batch * schedule.splits;

  RingPosition<L::stages> at;
  for (unsigned unit = blockIdx.x / cluster; unit < units; unit += gridDim.x / cluster) {
    const Tile tile = tile_of<kTileN>(schedule, unit, cluster, rank);
    for (int step = 0; step < tile.count; ++step, at.advance()) {
      const int k = (tile.first + step) * kDepth<In>;
      unsigned char* const a = memory + at.stage * L::stage_bytes;
      unsigned char* const b = a + L::a_bytes;
      barrier_wait(&empty[at.stage], at.phase ^ 1);
      barrier_arrive_expecting(&full[at.stage], L::stage_bytes);

      if constexpr (kAcrossA) {
        for (int group = 0; group < kTileM / 64; ++group) {
          tma_load(a + group * kGroup, a_map, tile.row + group * 64, k, tile.entry, &full[at.stage]);
        }
      } else {
        tma_load(a, a_map, k, tile.row, tile.entry, &full[at.stage]);
      }

      const int share = kTileN / static_cast<int>(cluster);  // columns that this block loads
      const int first = static_cast<int>(rank) * share;
      const auto load_b = [&](unsigned char* place, int x, int y) {
        if (cluster > 1) {
          tma_load_multicast(place, b_map, x, y, tile.entry, &full[at.stage], everyone);
        } else {
          tma_load(place, b_map, x, y, tile.entry, &full[at.stage]);
        }
      };
      if constexpr (kAcrossB) {
        for (int column = first; column < first + share; column += 64) {
          load_b(b + column / 64 * kGroup, tile.column + column, k);
        }
      } else {
        load_b(b + first * kLine, k, tile.column + first);
      }
    }
  }
}

// Adds up one tile: 64 rows from the consumer's half of A.
template <class In, int kTileN, bool kAcrossA, bool kAcrossB>
__device__ __forceinline__ void multiply_tile(Sum<In> (&sums)[kTileN / 2], RingPosition<Layout<kTileN>::stages>& at,
                                              int steps, int consumer, unsigned cluster) {
  using L = Layout<kTileN>;
  unsigned char* const memory = shared_memory();
  Barrier* const full = reinterpret_cast<Barrier*>(memory + L::barriers);
  Barrier* const empty = full + L::stages;
  // The sums of fp8 products keep fewer bits inside the tensor core; they are added up outside it after each stage.
  constexpr bool kPromote = std::is_same_v<In, Float8E4M3>;
  // From one multiply-add to the next: 32 bytes along a line of k, or as many lines as it has elements of k.
  constexpr unsigned kStepA = kAcrossA ? kStep / sizeof(In) * kLine : kStep;
  constexpr unsigned kStepB = kAcrossB ? kStep / sizeof(In) * kLine : kStep;

  // One warp's lanes tell each block of the cluster that this warp has read the stage.
  const auto give_back = [&](int stage) {
    const unsigned lane = threadIdx.x % 32;
    if (lane < cluster) barrier_arrive_at(&empty[stage], lane);
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
      give_back(at.stage);
#pragma unroll
      for (int i = 0; i < kTileN / 2; ++i) sums[i] += fresh[i];
    } else {
      warpgroup_wait<1>();  // this stage's may go on; the one before it is done
      if (previous >= 0) give_back(previous);
      previous = at.stage;
    }
  }
  if constexpr (!kPromote) {
    warpgroup_wait<0>();
    settle(sums);
    give_back(previous);
  }
}

// Writes a consumer's 64 rows through shared memory, 32 columns at a time, by TMA: while one staging buffer is on its
// way, the other is filled. Thread 4r + c of a warp holds columns 8j + 2c and 8j + 2c + 1 of rows r and r + 8. In odd
// rows the first two blocks of eight columns trade places with the last two, which keeps rows r and r + 1 off each
// other's banks.
template <int kTileN, class T>
__device__ __forceinline__ void store_by_tma(const T (&sums)[kTileN / 2], const TensorMap& c_map,
                                             const Schedule& schedule, const Tile& tile, int consumer) {
  const int thread = static_cast<int>(threadIdx.x) % kWarpgroup;
  const int r = thread % 32 / 4, c = thread % 4;
  const int odd = r & 1;
  unsigned char* const staging = shared_memory() + Layout<kTileN>::staging + consumer * 2 * kStagingBytes;
  const bool inside = tile.row + consumer * 64 < schedule.m;
#pragma unroll
  for (int chunk = 0; chunk < kTileN / 32; ++chunk) {
    unsigned char* const buffer = staging + chunk % 2 * kStagingBytes;
    if (thread == 0) tma_store_wait_read<1>();  // the store before last has left this buffer
    named_barrier(1 + consumer, kWarpgroup);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      unsigned char* const line = buffer + (thread / 32 * 16 + half * 8 + r) * kLine;
#pragma unroll
      for (int block = 0; block < 4; ++block) {
        const T(&even_row)[kTileN / 2] = sums;
        const int own = (chunk * 4 + block) * 4 + half * 2, other = (chunk * 4 + (block ^ 2)) * 4 + half * 2;
        const T low = odd != 0 ? even_row[other] : even_row[own];
        const T high = odd != 0 ? even_row[other + 1] : even_row[own + 1];
        const int place = ((block ^ (2 * odd)) * 2 + c / 2) ^ r;  // the 128-byte swizzle: 16-byte chunk by row
        T* const target = reinterpret_cast<T*>(line + place * 16 + c % 2 * 8);
        if constexpr (std::is_same_v<T, float>) {
          *reinterpret_cast<float2*>(target) = make_float2(low, high);
        } else {
          *reinterpret_cast<int2*>(target) = make_int2(low, high);
        }
      }
    }
    fence_async_proxy();
    named_barrier(1 + consumer, kWarpgroup);
    if (thread == 0) {
      const int column = tile.column + chunk * 32;
      if (inside && column < schedule.n) {
        tma_store(c_map, buffer, column, tile.row + consumer * 64, tile.plane);
      }
      tma_store_commit();
    }
  }
}

// For results whose rows do not start on 16-byte boundaries, which TMA cannot write.
template <int kTileN, class T>
__device__ __forceinline__ void store_directly(const T (&sums)[kTileN / 2], const Schedule& schedule, const Tile& tile,
                                               int consumer) {
  const int thread = static_cast<int>(threadIdx.x) % kWarpgroup;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = tile.row + consumer * 64 + thread / 32 * 16 + half * 8 + thread % 32 / 4;
    if (row >= schedule.m) continue;
    T* const line =
        static_cast<T*>(schedule.c) + (static_cast<std::int64_t>(tile.plane) * schedule.m + row) * schedule.n;
#pragma unroll
    for (int block = 0; block < kTileN / 8; ++block) {
      const int column = tile.column + block * 8 + thread % 4 * 2;
      if (column < schedule.n) line[column] = sums[block * 4 + half * 2];
      if (column + 1 < schedule.n) line[column + 1] = sums[block * 4 + half * 2 + 1];
    }
  }
}

template <class In, int kTileN, bool kAcrossA, bool kAcrossB>
__device__ __forceinline__ void consume(const TensorMap& c_map, const Schedule& schedule, unsigned cluster) {
  const int consumer = static_cast<int>(threadIdx.x) / kWarpgroup - 1;
  const unsigned rank = cluster > 1 ? cluster_rank() : 0;
  const unsigned units =
      (schedule.tiles_m + cluster - 1) / cluster * schedule.tiles_n * schedule.batch * schedule.splits;

  RingPosition<Layout<kTileN>::stages> at;
  for (unsigned unit = blockIdx.x / cluster; unit < units; unit += gridDim.x / cluster) {
    const Tile tile = tile_of<kTileN>(schedule, unit, cluster, rank);
    Sum<In> sums[kTileN / 2];
    multiply_tile<In, kTileN, kAcrossA, kAcrossB>(sums, at, tile.count, consumer, cluster);
    if (schedule.store_by_tma) {
      store_by_tma<kTileN>(sums, c_map, schedule, tile, consumer);
    } else {
      store_directly<kTileN>(sums, schedule, tile, consumer);
    }
  }
  if (threadIdx.x % kWarpgroup == 0) tma_store_wait();
}

template <class In, int kTileN, bool kAcrossA, bool kAcrossB>
__global__ void __launch_bounds__(kThreads, 1)
    hopper_kernel(const __grid_constant__ TensorMap a_map, const __grid_constant__ TensorMap b_map,
                  const __grid_constant__ TensorMap c_map, const Schedule schedule, const unsigned cluster) {
#if !defined(__CUDACC__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
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
    if (threadIdx.x == 0) produce<In, kTileN, kAcrossA, kAcrossB>(a_map, b_map, schedule, cluster);
  } else {
    take_registers<232>();
    consume<In, kTileN, kAcrossA, kAcrossB>(c_map, schedule, cluster);
  }
  cluster_sync();  // the other block may still write to this one's shared memory, or arrive at its barriers
#endif
}

Support supports(const Gemm& op, const Chip& chip) {
  if (chip.capability != 90) return Support::no("these instructions exist on compute capability 9.0 only");
  if (op.dtype == DType::f64 || op.dtype == DType::f32 || op.dtype == DType::s32) {
    return Support::no("written for f16, bf16, tf32, f8e4m3 and s8");
  }
  return fits(op);
}

// A tile width and a number of parts of k, and how long they should take, in steps along k of a 128×256 tile.
struct Choice {
  int tile_n = 256, splits = 1;
  double cost = 0;
};

Choice choose(const Gemm& op, const Chip& chip, int depth, bool wide_allowed) {
  Choice best;
  for (const int tile_n : {256, 128}) {
    if (tile_n == 256 && !wide_allowed) continue;
    const std::int64_t tiles = ceil_div(op.m, kTileM) * ceil_div(op.n, tile_n) * op.batch;
    const std::int64_t tiles_k = ceil_div(op.k, depth);
    const int wanted = splits_for(tiles, chip.multiprocessors, op.k);
    const int splits = static_cast<int>(ceil_div(tiles_k, ceil_div(tiles_k, wanted)));  // so that none is empty
    const double waves = static_cast<double>(ceil_div(tiles * splits, chip.multiprocessors));
    const double step = tile_n == 256 ? 1 : 0.55;  // a narrow tile reuses less of what it loads
    constexpr double kFillAndStore = 4, kSecondLaunch = 4;
    const double cost = waves * step * (static_cast<double>(ceil_div(tiles_k, splits)) + kFillAndStore) +
                        (splits > 1 ? kSecondLaunch : 0);
    if (best.cost == 0 || cost < best.cost) best = {tile_n, splits, cost};
  }
  return best;
}

template <class In, int kTileN>
auto kernel_for(bool across_a, bool across_b) {
  if constexpr (sizeof(In) == 2) {
    if (across_a) {
      return across_b ? &hopper_kernel<In, kTileN, true, true> : &hopper_kernel<In, kTileN, true, false>;
    }
    if (across_b) return &hopper_kernel<In, kTileN, false, true>;
  }
  return &hopper_kernel<In, kTileN, false, false>;
}

template <class In, int kTileN>
Plan plan_with(const Gemm& op, const Chip& chip, int splits) {
  using Out = Sum<In>;
  using L = Layout<kTileN>;
  auto a = make_operand<In>(op.m, op.k, op.transpose_a, sizeof(In) == 2);
  auto b = make_operand<In>(op.n, op.k, !op.transpose_b, sizeof(In) == 2);
  a.offset = (partials_bytes<Out>(op, splits) + 1023) / 1024 * 1024;
  b.offset = a.offset + a.packed_bytes(op.batch);

  Schedule schedule{};
  schedule.m = static_cast<int>(op.m);
  schedule.n = static_cast<int>(op.n);
  schedule.tiles_k = static_cast<int>(ceil_div(op.k, kDepth<In>));
  schedule.tiles_m = static_cast<int>(ceil_div(op.m, kTileM));
  schedule.tiles_n = static_cast<int>(ceil_div(op.n, kTileN));
  schedule.batch = static_cast<int>(op.batch);
  schedule.splits = splits;
  schedule.store_by_tma = op.n % 4 == 0;

  // Sharing B pays when blocks work on several tiles each; an odd row of tiles would leave half a cluster idle.
  const std::int64_t tiles = std::int64_t{schedule.tiles_m} * schedule.tiles_n * op.batch * splits;
  const unsigned cluster =
      tiles > chip.multiprocessors && schedule.tiles_m % 2 == 0 && chip.multiprocessors > 1 ? 2 : 1;
  const std::int64_t blocks = std::min<std::int64_t>(tiles, chip.multiprocessors) / cluster * cluster;
  const LaunchShape shape{blocks, kThreads, L::shared_bytes, cluster};
  const auto kernel = kernel_for<In, kTileN>(a.across, b.across);

  Plan plan;
  plan.description = "hopper kernel 128x" + std::to_string(kTileN) + "x" + std::to_string(kDepth<In>) + ", wgmma " +
                     std::string(dtype_name(op.dtype)) + ", TMA " + std::to_string(L::stages) + " stages, cluster " +
                     std::to_string(cluster) + ", " + std::string(dtype_name(accumulator_of(op.dtype))) +
                     " accumulation" + (op.dtype == DType::f8e4m3 ? " promoted every 128" : "") +
                     (schedule.store_by_tma ? ", TMA store" : ", direct store");
  if (a.packed) plan.description += ", A packed first";
  if (b.packed) plan.description += ", B packed first";
  if (splits > 1) plan.description += ", split-K " + std::to_string(splits);
  plan.workspace_bytes = b.offset + b.packed_bytes(op.batch);
  plan.run = [=](const Buffers& buffers) {
    const In* const staged_a = stage_operand(a, op.transpose_a, op.batch, buffers.a, buffers.workspace, buffers.stream);
    const In* const staged_b =
        stage_operand(b, !op.transpose_b, op.batch, buffers.b, buffers.workspace, buffers.stream);
    void* const target = splits > 1 ? buffers.workspace : buffers.c;

    const auto operand_map = [&](const In* data, const Operand<In>& operand, int box_lines) {
      const std::int64_t length = operand.across ? operand.rows : operand.k;
      const std::int64_t lines = operand.across ? operand.k : operand.rows;
      return make_tensor_map<In>(
          data, {length, lines, op.batch, operand.pitch, operand.entry, operand.across ? kDepth<In> : box_lines});
    };
    const TensorMap a_map = operand_map(staged_a, a, kTileM);
    const TensorMap b_map = operand_map(staged_b, b, kTileN / static_cast<int>(cluster));
    TensorMap c_map = a_map;
    if (schedule.store_by_tma) {
      c_map = make_tensor_map<Out>(target, {op.n, op.m, op.batch * splits, op.n, op.m * op.n, 64});
    }
    Schedule now = schedule;
    now.c = target;
    launch(kernel, shape, buffers.stream, a_map, b_map, c_map, now, cluster);
    if (splits > 1) launch_add_partials<Out>(op, splits, target, buffers.c, buffers.stream);
  };
  return plan;
}

template <class In>
Plan plan_as(const Gemm& op, const Chip& chip) {
  // fp8 keeps two sets of sums, for which the registers of a narrow tile suffice.
  constexpr bool kWide = !std::is_same_v<In, Float8E4M3>;
  const Choice choice = choose(op, chip, kDepth<In>, kWide);
  if constexpr (kWide) {
    if (choice.tile_n == 256) return plan_with<In, 256>(op, chip, choice.splits);
  }
  return plan_with<In, 128>(op, chip, choice.splits);
}

Plan plan(const Gemm& op, const Chip& chip) {
  switch (op.dtype) {
    case DType::f16:
      return plan_as<Float16>(op, chip);
    case DType::bf16:
      return plan_as<BFloat16>(op, chip);
    case DType::tf32:
      return plan_as<Tf32>(op, chip);
    case DType::f8e4m3:
      return plan_as<Float8E4M3>(op, chip);
    case DType::s8:
      return plan_as<std::int8_t>(op, chip);
    default:
      throw std::logic_error("not a dtype of this kernel");
  }
}

}  // namespace

const Rung hopper_rung{"hopper", supports, plan};

}  // namespace whygpu::cuda
