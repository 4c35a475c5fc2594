// Rung 5, vectorised: the tile of rung 4, moved four floats at a time between global memory, shared memory and
// registers: a quarter of the load instructions. An operand whose rows run along k is transposed while it is copied to
// shared memory. Row lengths of A, B and C must be multiples of 4.
#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/simple.h"

namespace whygpu::cuda {
namespace {

constexpr int kTile = 128;
constexpr int kDepth = 8;
constexpr int kThreads = 256;
constexpr int kPitch = kTile + 4;
static_assert(kTile * kDepth == 4 * kThreads, "each thread moves one float4 of a panel");

// Like load_panel() of panel.h, one float4 per thread.
template <bool kAlongP>
__device__ __forceinline__ void load_panel_vectors(float (&panel)[kDepth][kPitch], const float* source,
                                                   std::int64_t pitch, int i_left, int p_left) {
  const int thread = static_cast<int>(threadIdx.x);
  const int i = kAlongP ? thread / (kDepth / 4) : thread % (kTile / 4) * 4;
  const int p = kAlongP ? thread % (kDepth / 4) * 4 : thread / (kTile / 4);
  float4 v = make_float4(0, 0, 0, 0);
  if (i < i_left && p < p_left) {
    v = *reinterpret_cast<const float4*>(source + (kAlongP ? i * pitch + p : p * pitch + i));
  }
  if constexpr (kAlongP) {
    panel[p][i] = v.x;
    panel[p + 1][i] = v.y;
    panel[p + 2][i] = v.z;
    panel[p + 3][i] = v.w;
  } else {
    *reinterpret_cast<float4*>(&panel[p][i]) = v;
  }
}

// Eight values: four from `first` on and four half a tile later.
__device__ __forceinline__ void read_fragment(float (&values)[8], const float (&line)[kPitch], int first) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float4 v = *reinterpret_cast<const float4*>(&line[first + half * kTile / 2]);
    values[4 * half] = v.x;
    values[4 * half + 1] = v.y;
    values[4 * half + 2] = v.z;
    values[4 * half + 3] = v.w;
  }
}

template <bool kTransposeA, bool kTransposeB>
__global__ void __launch_bounds__(kThreads, 1) vectorised_kernel(GemmArguments<float, float> args) {
  alignas(16) __shared__ float a_panel[kDepth][kPitch];
  alignas(16) __shared__ float b_panel[kDepth][kPitch];

  const auto work = block_work<kTile, kTile>(args, blockIdx.x, 1);
  const int y = static_cast<int>(threadIdx.x) / 16 * 4;
  const int x = static_cast<int>(threadIdx.x) % 16 * 4;

  float sums[8][8] = {};
  for (int p0 = 0; p0 < args.k; p0 += kDepth) {
    load_panel_vectors<!kTransposeA>(a_panel, work.a + work.row * args.a_row + p0 * args.a_col,
                                     kTransposeA ? args.a_col : args.a_row, args.m - work.row, args.k - p0);
    load_panel_vectors<kTransposeB>(b_panel, work.b + work.column * args.b_col + p0 * args.b_row,
                                    kTransposeB ? args.b_col : args.b_row, args.n - work.column, args.k - p0);
    __syncthreads();
#pragma unroll
    for (int p = 0; p < kDepth; ++p) {
      float a[8], b[8];
      read_fragment(a, a_panel[p], y);
      read_fragment(b, b_panel[p], x);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
#pragma unroll
        for (int j = 0; j < 8; ++j) sums[i][j] += a[i] * b[j];
      }
    }
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < 8; ++i) {
#pragma unroll
    for (int j = 0; j < 8; j += 4) {
      const int row = work.row + y + i % 4 + i / 4 * kTile / 2;
      const int column = work.column + x + j / 4 * kTile / 2;
      if (row < args.m && column < args.n) {
        *reinterpret_cast<float4*>(&work.c[static_cast<std::int64_t>(row) * args.n + column]) =
            make_float4(sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]);
      }
    }
  }
}

Support supports(const Gemm& op, const Chip&) {
  if (op.dtype != DType::f32) return Support::no("f32 only");
  if ((op.transpose_a ? op.m : op.k) % 4 != 0 || (op.transpose_b ? op.k : op.n) % 4 != 0 || op.n % 4 != 0) {
    return Support::no("the row lengths of A, B and C must each be a multiple of 4");
  }
  return fits(op);
}

Plan plan(const Gemm& op, const Chip&) {
  const auto kernel = op.transpose_a
                          ? (op.transpose_b ? &vectorised_kernel<true, true> : &vectorised_kernel<true, false>)
                          : (op.transpose_b ? &vectorised_kernel<false, true> : &vectorised_kernel<false, false>);
  const LaunchShape shape{blocks_of<kTile, kTile>(op), kThreads};
  return {"vectorised kernel, CUDA cores, f32 accumulation", 0, [=](const Buffers& buffers) {
            launch(kernel, shape, buffers.stream, gemm_arguments<float, float>(op, buffers.a, buffers.b, buffers.c));
          }};
}

}  // namespace

const Rung vectorised_rung{"vectorised", supports, plan};

}  // namespace whygpu::cuda
