// Rung 8, hopper: warpgroup multiply-adds fed by the tensor memory accelerator (sm_90a), for f16, bf16, tf32, f8e4m3
// and s8. The main loop is in hopper_pipeline.h; this file connects a matrix product to it.
#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/hopper_pipeline.h"
#include "backends/cuda/kernels/hopper_store.h"
#include "backends/cuda/kernels/pack.h"
#include "backends/cuda/kernels/simple.h"
#include "backends/cuda/kernels/split_k.h"
#include "backends/cuda/kernels/tensor_map.h"

namespace whygpu::cuda {
namespace {

using namespace hopper;

// Boxes of the maps: rows along k are loaded in one box per operand (for B, the block's share), rows across k in boxes
// of 64.
template <class In, int kTileN, bool kAcrossA, bool kAcrossB>
struct Product {
  Schedule schedule;
  const TensorMap &a_map, &b_map, &c_map;
  int tiles_k;
  Sum<In>* c;  // null when TMA writes the result: rows start on 16-byte boundaries

  __device__ __forceinline__ int steps(int) const { return tiles_k; }

  struct Loader {
    const Product& of;
    const Tile& tile;
    SharedColumns columns;

    __device__ __forceinline__ void load(unsigned char* a, unsigned char* b, Barrier* full, int step) {
      const int k = step * kDepth<In>;
      if constexpr (kAcrossA) {
        for (int group = 0; group < kTileM / 64; ++group) {
          tma_load(a + group * kGroup, of.a_map, tile.row + group * 64, k, tile.entry, full);
        }
      } else {
        tma_load(a, of.a_map, k, tile.row, tile.entry, full);
      }
      if constexpr (kAcrossB) {
        columns.load_across<kTileN>(b, of.b_map, k, tile.column, tile.entry, full);
      } else {
        columns.load_along<kTileN>(b, of.b_map, k, tile.column, tile.entry, full);
      }
    }
  };
  __device__ __forceinline__ Loader loader(const Tile& tile, unsigned cluster, unsigned rank) const {
    return {*this, tile, {cluster, rank}};
  }

  __device__ __forceinline__ void store(const Sum<In> (&sums)[kTileN / 2], const Tile& tile, int consumer) const {
    const int m = schedule.m, n = schedule.n;
    if (c == nullptr) {
      store_by_tma<kTileN, Sum<In>>(sums, c_map, tile, n, tile.row + consumer * 64 < m, consumer);
    } else {
      store_directly<kTileN, Sum<In>>(sums, tile, m, n, consumer, [&](int row) {
        return c + (static_cast<std::int64_t>(tile.plane) * m + row) * n;
      });
    }
  }
};

template <class In, int kTileN, bool kAcrossA, bool kAcrossB>
__global__ void __launch_bounds__(kThreads, 1)
    hopper_kernel(const __grid_constant__ TensorMap a_map, const __grid_constant__ TensorMap b_map,
                  const __grid_constant__ TensorMap c_map, const Schedule schedule, const int tiles_k, Sum<In>* const c,
                  const unsigned cluster) {
#if !defined(__CUDACC__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
  const Product<In, kTileN, kAcrossA, kAcrossB> product{schedule, a_map, b_map, c_map, tiles_k, c};
  run_block<In, kTileN, kAcrossA, kAcrossB>(product, cluster);
#endif
}

Support supports(const Gemm& op, const Chip& chip) {
  if (chip.capability != 90) return Support::no("wgmma and TMA need compute capability 9.0");
  if (op.dtype == DType::f64 || op.dtype == DType::f32 || op.dtype == DType::s32) {
    return Support::no("f16, bf16, tf32, f8e4m3 and s8 only");
  }
  return fits(op);
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

  const Schedule schedule = make_schedule<kTileN>(op.m, op.n, op.batch, splits);
  const LaunchShape shape = launch_shape<kTileN>(schedule, chip.multiprocessors);
  const int tiles_k = static_cast<int>(ceil_div(op.k, kDepth<In>));
  const bool by_tma = op.n % 4 == 0;
  const auto kernel = kernel_for<In, kTileN>(a.across, b.across);

  Plan plan;
  plan.description = "hopper kernel 128x" + std::to_string(kTileN) + "x" + std::to_string(kDepth<In>) + ", wgmma " +
                     std::string(dtype_name(op.dtype)) + ", TMA " + std::to_string(L::stages) + " stages, cluster " +
                     std::to_string(shape.cluster) + ", " + std::string(dtype_name(accumulator_of(op.dtype))) +
                     " accumulation" + (op.dtype == DType::f8e4m3 ? " promoted every 128" : "") +
                     (by_tma ? ", TMA store" : ", direct store");
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
    const TensorMap b_map = operand_map(staged_b, b, kTileN / static_cast<int>(shape.cluster));
    TensorMap c_map = a_map;
    if (by_tma) {
      c_map = make_tensor_map<Out>(target, {op.n, op.m, op.batch * splits, op.n, op.m * op.n, 64});
    }
    launch(kernel, shape, buffers.stream, a_map, b_map, c_map, schedule, tiles_k,
           by_tma ? nullptr : static_cast<Out*>(target), shape.cluster);
    if (splits > 1) launch_add_partials<Out>(op, splits, target, buffers.c, buffers.stream);
  };
  return plan;
}

template <class In>
Plan plan_as(const Gemm& op, const Chip& chip) {
  // fp8 keeps two sets of sums, which only fit in registers for a narrow tile.
  constexpr bool kWide = !std::is_same_v<In, Float8E4M3>;
  const ChoiceInput work{
      op.m, op.n, op.batch, {ceil_div(op.k, kDepth<In>)}, kDepth<In>, kMaxSplits, chip.multiprocessors};
  const Choice choice = kWide ? choose(work, {256, 128}) : choose(work, {128});
  if constexpr (kWide) {
    if (choice.tile_n == 256) return plan_with<In, 256>(op, chip, choice.splits);
  }
  return plan_with<In, 128>(op, chip, choice.splits);
}

Plan plan(const Gemm& op, const Chip& chip) {
  switch (op.dtype) {
    case DType::f16: return plan_as<Float16>(op, chip);
    case DType::bf16: return plan_as<BFloat16>(op, chip);
    case DType::tf32: return plan_as<Tf32>(op, chip);
    case DType::f8e4m3: return plan_as<Float8E4M3>(op, chip);
    case DType::s8: return plan_as<std::int8_t>(op, chip);
    default: throw std::logic_error("not a dtype of this kernel");
  }
}

}  // namespace

const Rung hopper_rung{"hopper", supports, plan};

}  // namespace whygpu::cuda
