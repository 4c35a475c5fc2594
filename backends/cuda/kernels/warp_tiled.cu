// Rung 6, warp_tiled: the fastest on CUDA cores, for f32.
//
// A third level of tiles, one per warp, whose 32 lanes are arranged so that every 128-bit read of shared memory is
// shared by several lanes without bank conflicts. Global memory is copied by cp.async into the other half of a double
// buffer while this half is in use. The copies bypass the registers: one value at a time where an operand has to be
// transposed or is not aligned, otherwise four. A thread's next operands are read while the current ones are
// multiplied.
#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/instructions.h"
#include "backends/cuda/kernels/simple.h"
#include "backends/cuda/kernels/split_k.h"

namespace whygpu::cuda {
namespace {

constexpr int kThreads = 256;

// Tile sizes of a block, a warp and a thread.
template <int kM, int kN, int kDepth, int kWarpM, int kWarpN, int kThreadM, int kThreadN, int kBlocksPerMultiprocessor>
struct Tiles {
  static constexpr int m = kM, n = kN, depth = kDepth;
  static constexpr int warp_m = kWarpM, warp_n = kWarpN, thread_m = kThreadM, thread_n = kThreadN;
  static constexpr int blocks_per_multiprocessor = kBlocksPerMultiprocessor;
  static constexpr int lanes_n = kWarpN / kThreadN, lanes_m = kWarpM / kThreadM;
  static constexpr int a_pitch = kM + 4, b_pitch = kN + 4;
  static constexpr std::size_t shared_bytes = 2 * kDepth * (a_pitch + b_pitch) * sizeof(float);
  static_assert(lanes_m * lanes_n == 32);
  static_assert((kM / kWarpM) * (kN / kWarpN) * 32 == kThreads);
};
using Large = Tiles<128, 256, 16, 64, 64, 16, 8, 1>;
using Small = Tiles<128, 128, 8, 64, 32, 8, 8, 2>;

// Starts copying op(X)[i][p], i < kExtent and p < kDepth, to panel[p · kPitch + i]. With kVector, i is contiguous in
// memory and row lengths are multiples of 4.
template <int kExtent, int kDepth, int kPitch, bool kVector>
__device__ __forceinline__ void start_panel(float* panel, const float* source, std::int64_t i_stride,
                                            std::int64_t p_stride, int i_left, int p_left) {
  const int thread = static_cast<int>(threadIdx.x);
  if constexpr (kVector) {
#pragma unroll
    for (int step = 0; step < kExtent * kDepth / 4 / kThreads; ++step) {
      const int vector = step * kThreads + thread;
      const int i = vector % (kExtent / 4) * 4, p = vector / (kExtent / 4);
      const bool inside = i < i_left && p < p_left;
      copy_async<16>(panel + p * kPitch + i, inside ? source + p * p_stride + i : source, inside);
    }
  } else {
#pragma unroll
    for (int step = 0; step < kExtent * kDepth / kThreads; ++step) {
      const int element = step * kThreads + thread;
      // Along k, eight at a time: a warp reads four runs of 32 bytes and writes to 32 different banks.
      const bool along_p = p_stride == 1;
      const int i = along_p ? element / 8 % kExtent : element % kExtent;
      const int p = along_p ? element % 8 + element / (8 * kExtent) * 8 : element / kExtent;
      const bool inside = i < i_left && p < p_left;
      copy_async<4>(panel + p * kPitch + i, inside ? source + i * i_stride + p * p_stride : source, inside);
    }
  }
}

// kCount values of one line of a panel, in groups of four that are kStep apart.
template <int kCount, int kStep>
__device__ __forceinline__ void read_fragment(float (&values)[kCount], const float* line) {
#pragma unroll
  for (int i = 0; i < kCount; i += 4) {
    const float4 v = *reinterpret_cast<const float4*>(line + i / 4 * kStep);
    values[i] = v.x;
    values[i + 1] = v.y;
    values[i + 2] = v.z;
    values[i + 3] = v.w;
  }
}

template <class T, bool kVectorA, bool kVectorB>
__global__ void __launch_bounds__(kThreads, T::blocks_per_multiprocessor)
    warp_tiled_kernel(GemmArguments<float, float> args) {
  constexpr int kDepth = T::depth;
  constexpr int kStepM = 4 * T::lanes_m, kStepN = 4 * T::lanes_n;
  float* const panels = reinterpret_cast<float*>(shared_memory());
  const auto work = block_work<T::m, T::n>(args, blockIdx.x, kDepth);

  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int row = warp / (T::n / T::warp_n) * T::warp_m + lane / T::lanes_n * 4;
  const int column = warp % (T::n / T::warp_n) * T::warp_n + lane % T::lanes_n * 4;

  const auto a_panel = [&](int buffer) { return panels + buffer * kDepth * (T::a_pitch + T::b_pitch); };
  const auto b_panel = [&](int buffer) { return a_panel(buffer) + kDepth * T::a_pitch; };
  const auto start_copies = [&](int buffer, int p0) {
    start_panel<T::m, kDepth, T::a_pitch, kVectorA>(a_panel(buffer), work.a + work.row * args.a_row + p0 * args.a_col,
                                                    args.a_row, args.a_col, args.m - work.row, work.k_end - p0);
    start_panel<T::n, kDepth, T::b_pitch, kVectorB>(b_panel(buffer),
                                                    work.b + work.column * args.b_col + p0 * args.b_row, args.b_col,
                                                    args.b_row, args.n - work.column, work.k_end - p0);
    copy_async_commit();
  };

  float sums[T::thread_m][T::thread_n] = {};
  if (work.k_begin < work.k_end) start_copies(0, work.k_begin);
  int buffer = 0;
  for (int p0 = work.k_begin; p0 < work.k_end; p0 += kDepth, buffer ^= 1) {
    copy_async_wait<0>();
    __syncthreads();  // this buffer is complete, and the other is free
    if (p0 + kDepth < work.k_end) start_copies(buffer ^ 1, p0 + kDepth);

    float a[2][T::thread_m], b[2][T::thread_n];
    const float* const a_line = a_panel(buffer) + row;
    const float* const b_line = b_panel(buffer) + column;
    read_fragment<T::thread_m, kStepM>(a[0], a_line);
    read_fragment<T::thread_n, kStepN>(b[0], b_line);
#pragma unroll
    for (int p = 0; p < kDepth; ++p) {
      if (p + 1 < kDepth) {
        read_fragment<T::thread_m, kStepM>(a[(p + 1) % 2], a_line + (p + 1) * T::a_pitch);
        read_fragment<T::thread_n, kStepN>(b[(p + 1) % 2], b_line + (p + 1) * T::b_pitch);
      }
#pragma unroll
      for (int i = 0; i < T::thread_m; ++i) {
#pragma unroll
        for (int j = 0; j < T::thread_n; ++j) sums[i][j] += a[p % 2][i] * b[p % 2][j];
      }
    }
  }

#pragma unroll
  for (int i = 0; i < T::thread_m; ++i) {
    const int y = work.row + row + i / 4 * kStepM + i % 4;
    if (y >= args.m) continue;
    float* const line = work.c + static_cast<std::int64_t>(y) * args.n;
#pragma unroll
    for (int j = 0; j < T::thread_n; j += 4) {
      const int x = work.column + column + j / 4 * kStepN;
      if (args.n % 4 == 0) {
        if (x < args.n) {
          *reinterpret_cast<float4*>(line + x) =
              make_float4(sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]);
        }
      } else {
#pragma unroll
        for (int l = 0; l < 4; ++l) {
          if (x + l < args.n) line[x + l] = sums[i][j + l];
        }
      }
    }
  }
}

template <class T>
auto kernel_for(bool vector_a, bool vector_b) {
  return vector_a ? (vector_b ? &warp_tiled_kernel<T, true, true> : &warp_tiled_kernel<T, true, false>)
                  : (vector_b ? &warp_tiled_kernel<T, false, true> : &warp_tiled_kernel<T, false, false>);
}

Support supports(const Gemm& op, const Chip& chip) {
  if (op.dtype != DType::f32) return Support::no("f32 only");
  if (chip.capability < 80) return Support::no("cp.async needs compute capability 8.0 or newer");
  return fits(op);
}

template <class T>
Plan plan_with(const Gemm& op, const Chip& chip) {
  const bool vector_a = op.transpose_a && op.m % 4 == 0;
  const bool vector_b = !op.transpose_b && op.n % 4 == 0;
  const auto slots = std::int64_t{chip.multiprocessors} * T::blocks_per_multiprocessor;
  const int splits = splits_for(blocks_of<T::m, T::n>(op), slots, op.k);
  const LaunchShape shape{blocks_of<T::m, T::n>(op, splits), kThreads, T::shared_bytes};
  const auto kernel = kernel_for<T>(vector_a, vector_b);

  Plan plan;
  plan.description = "warp-tiled kernel " + std::to_string(T::m) + "x" + std::to_string(T::n) + "x" +
                     std::to_string(T::depth) + ", CUDA cores, cp.async, f32 accumulation";
  if (splits > 1) plan.description += ", split-K " + std::to_string(splits);
  plan.workspace_bytes = partials_bytes<float>(op, splits);
  plan.run = [=](const Buffers& buffers) {
    void* const target = splits > 1 ? buffers.workspace : buffers.c;
    launch(kernel, shape, buffers.stream, gemm_arguments<float, float>(op, buffers.a, buffers.b, target, splits));
    if (splits > 1) launch_add_partials<float>(op, splits, target, buffers.c, buffers.stream);
  };
  return plan;
}

// The tile size whose last wave of blocks wastes less: a large tile takes as long as two concurrent small ones.
Plan plan(const Gemm& op, const Chip& chip) {
  const std::int64_t large_waves = ceil_div(blocks_of<Large::m, Large::n>(op), chip.multiprocessors);
  const std::int64_t small_waves = ceil_div(blocks_of<Small::m, Small::n>(op), 2 * chip.multiprocessors);
  const bool fills = blocks_of<Large::m, Large::n>(op) >= chip.multiprocessors;
  return fills && large_waves <= small_waves ? plan_with<Large>(op, chip) : plan_with<Small>(op, chip);
}

}  // namespace

const Rung warp_tiled_rung{"warp_tiled", supports, plan};

}  // namespace whygpu::cuda
