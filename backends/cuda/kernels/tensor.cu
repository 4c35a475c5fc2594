// Rung 7, tensor: tensor cores by mma.sync (sm_80 and later), for f16, bf16, tf32 and s8.
//
// A block computes 128×128 of C with four warps of 64×64 each. Four buffers of A and B in shared memory are filled by
// cp.async while an earlier one is multiplied; tensor_tile.h describes their layout.
#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/instructions.h"
#include "backends/cuda/kernels/pack.h"
#include "backends/cuda/kernels/simple.h"
#include "backends/cuda/kernels/split_k.h"
#include "backends/cuda/kernels/tensor_tile.h"

namespace whygpu::cuda {
namespace {

constexpr int kTile = 128;
constexpr int kWarpTile = 64;
constexpr int kThreads = 128;
constexpr int kStages = 4;
constexpr int kOperandBytes = kTile * kDepthBytes;
constexpr std::size_t kSharedBytes = kStages * 2 * kOperandBytes;

template <class In>
constexpr int kDepth = kDepthBytes / static_cast<int>(sizeof(In));

// The kernel's operands, each with its pitch and its distance between batch entries, in elements.
template <class In, class Out>
struct TensorArguments {
  GemmArguments<In, Out> gemm;
  std::int64_t a_pitch, a_entry, b_pitch, b_entry;
};

// Starts copying an operand's slice whose first element is `source`.
template <class Operand, class In>
__device__ __forceinline__ void start_copy(unsigned char* buffer, const In* source, std::int64_t pitch, int rows_left,
                                           int k_left) {
#pragma unroll
  for (int step = 0; step < Operand::lines * Operand::chunks_per_line / kThreads; ++step) {
    const int index = step * kThreads + static_cast<int>(threadIdx.x);
    const int line = index / Operand::chunks_per_line, chunk = index % Operand::chunks_per_line;
    const int first = chunk * Operand::chunk_elements;
    const bool inside = Operand::across ? line < k_left && first < rows_left : line < rows_left && first < k_left;
    copy_async<16>(buffer + Operand::offset(line, chunk), inside ? source + line * pitch + first : source, inside);
  }
}

template <class In, class Out, bool kAcrossA, bool kAcrossB>
__global__ void __launch_bounds__(kThreads, 2) tensor_kernel(TensorArguments<In, Out> args) {
  using SliceA = Slice<In, kAcrossA, kTile>;
  using SliceB = Slice<In, kAcrossB, kTile>;
  constexpr int kRowTiles = kWarpTile / 16, kColumnTiles = kWarpTile / 8;
  const GemmArguments<In, Out>& gemm = args.gemm;
  unsigned char* const buffers = shared_memory();

  const auto work = block_work<kTile, kTile>(gemm, blockIdx.x, kDepth<In>);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int row = warp / 2 * kWarpTile, column = warp % 2 * kWarpTile;

  const In* const a = gemm.a + work.entry * args.a_entry + work.row * (kAcrossA ? 1 : args.a_pitch);
  const In* const b = gemm.b + work.entry * args.b_entry + work.column * (kAcrossB ? 1 : args.b_pitch);
  const auto start_copies = [&](int tile) {
    const int p0 = work.k_begin + tile * kDepth<In>;
    unsigned char* const buffer = buffers + tile % kStages * 2 * kOperandBytes;
    if (p0 < work.k_end) {
      start_copy<SliceA>(buffer, a + p0 * (kAcrossA ? args.a_pitch : 1), args.a_pitch, gemm.m - work.row,
                         work.k_end - p0);
      start_copy<SliceB>(buffer + kOperandBytes, b + p0 * (kAcrossB ? args.b_pitch : 1), args.b_pitch,
                         gemm.n - work.column, work.k_end - p0);
    }
    copy_async_commit();  // even if empty, so that group counts match tile counts
  };

  WarpSums<Out, kWarpTile, kWarpTile> sums = {};
  const int tiles = (work.k_end - work.k_begin + kDepth<In> - 1) / kDepth<In>;
  for (int tile = 0; tile < kStages - 1; ++tile) start_copies(tile);
  for (int tile = 0; tile < tiles; ++tile) {
    copy_async_wait<kStages - 2>();
    __syncthreads();  // this tile is complete, and the previous tile's buffer is free
    start_copies(tile + kStages - 1);

    const unsigned char* const buffer = buffers + tile % kStages * 2 * kOperandBytes;
    multiply_slices<In, SliceA, SliceB>(sums, buffer, buffer + kOperandBytes, row, column, lane);
  }

#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int y = work.row + row + i * 16 + half * 8 + lane / 4;
      if (y >= gemm.m) continue;
      Out* const line = work.c + static_cast<std::int64_t>(y) * gemm.n;
#pragma unroll
      for (int j = 0; j < kColumnTiles; ++j) {
        const int x = work.column + column + j * 8 + lane % 4 * 2;
        if (x < gemm.n) line[x] = sums[i][j][half * 2];
        if (x + 1 < gemm.n) line[x + 1] = sums[i][j][half * 2 + 1];
      }
    }
  }
}

Support supports(const Gemm& op, const Chip& chip) {
  if (chip.capability < 80) return Support::no("cp.async and mma.sync need compute capability 8.0 or newer");
  if (op.dtype != DType::f16 && op.dtype != DType::bf16 && op.dtype != DType::tf32 && op.dtype != DType::s8) {
    return Support::no("f16, bf16, tf32 and s8 only");
  }
  return fits(op);
}

Plan plan(const Gemm& op, const Chip& chip) {
  return with_tensor_type(op.dtype, [&](auto in) -> Plan {
    using In = decltype(in);
    using Out = std::conditional_t<std::is_same_v<In, std::int8_t>, std::int32_t, float>;
    constexpr bool kTakesAcross = sizeof(In) == 2;
    auto a = make_operand<In>(op.m, op.k, op.transpose_a, kTakesAcross);
    auto b = make_operand<In>(op.n, op.k, !op.transpose_b, kTakesAcross);
    const int splits = splits_for(blocks_of<kTile, kTile>(op), std::int64_t{2} * chip.multiprocessors, op.k);

    a.offset = partials_bytes<Out>(op, splits);
    a.offset = (a.offset + 1023) / 1024 * 1024;
    b.offset = a.offset + a.packed_bytes(op.batch);

    auto* kernel = &tensor_kernel<In, Out, false, false>;
    if constexpr (kTakesAcross) {
      if (a.across) {
        kernel = b.across ? &tensor_kernel<In, Out, true, true> : &tensor_kernel<In, Out, true, false>;
      } else if (b.across) {
        kernel = &tensor_kernel<In, Out, false, true>;
      }
    }

    Plan plan;
    plan.description = "tensor kernel 128x128x" + std::to_string(kDepth<In>) + ", mma.sync " +
                       std::string(dtype_name(op.dtype)) + ", cp.async " + std::to_string(kStages) + " stages, " +
                       std::string(dtype_name(accumulator_of(op.dtype))) + " accumulation";
    if (a.packed) plan.description += ", A packed first";
    if (b.packed) plan.description += ", B packed first";
    if (splits > 1) plan.description += ", split-K " + std::to_string(splits);
    plan.workspace_bytes = b.offset + b.packed_bytes(op.batch);
    plan.run = [=](const Buffers& buffers) {
      const In* const staged_a =
          stage_operand(a, op.transpose_a, op.batch, buffers.a, buffers.workspace, buffers.stream);
      const In* const staged_b =
          stage_operand(b, !op.transpose_b, op.batch, buffers.b, buffers.workspace, buffers.stream);
      void* const target = splits > 1 ? buffers.workspace : buffers.c;
      const TensorArguments<In, Out> args{gemm_arguments<In, Out>(op, staged_a, staged_b, target, splits), a.pitch,
                                          a.entry, b.pitch, b.entry};
      launch(kernel, {blocks_of<kTile, kTile>(op, splits), kThreads, kSharedBytes}, buffers.stream, args);
      if (splits > 1) launch_add_partials<Out>(op, splits, target, buffers.c, buffers.stream);
    };
    return plan;
  });
}

}  // namespace

const Rung tensor_rung{"tensor", supports, plan};

}  // namespace whygpu::cuda
