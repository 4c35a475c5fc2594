// Rung 4, register_tiled: each thread computes 8×8 elements of C (4×4 in f64) and keeps them in registers. Per step of
// k it reads 8 + 8 values from shared memory for 64 multiply-adds; the previous rung reads two for each.
#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/panel.h"
#include "backends/cuda/kernels/simple.h"

namespace whygpu::cuda {
namespace {

constexpr int kSide = 16;  // threads along each side of the tile
constexpr int kThreads = kSide * kSide;
constexpr int kDepth = 8;

template <class In>
constexpr int kPerThread = sizeof(In) == 8 ? 4 : 8;
template <class In>
constexpr int kTile = kSide* kPerThread<In>;

template <class In>
__global__ void __launch_bounds__(kThreads) register_tiled_kernel(GemmArguments<In, Accumulator<In>> args) {
  using Sum = Accumulator<In>;
  constexpr int kPer = kPerThread<In>;
  constexpr int kPitch = kTile<In> + 4;  // a warp's transposing copy then uses 32 different banks (4-byte types)
  __shared__ In a_panel[kDepth][kPitch];
  __shared__ In b_panel[kDepth][kPitch];

  const auto work = block_work<kTile<In>, kTile<In>>(args, blockIdx.x, 1);
  const int y = static_cast<int>(threadIdx.x) / kSide;
  const int x = static_cast<int>(threadIdx.x) % kSide;

  Sum sums[kPer][kPer] = {};
  for (int p0 = 0; p0 < args.k; p0 += kDepth) {
    load_panel<kThreads, kTile<In>>(a_panel, work.a + work.row * args.a_row + p0 * args.a_col, args.a_row, args.a_col,
                                    args.m - work.row, args.k - p0);
    load_panel<kThreads, kTile<In>>(b_panel, work.b + work.column * args.b_col + p0 * args.b_row, args.b_col,
                                    args.b_row, args.n - work.column, args.k - p0);
    __syncthreads();
#pragma unroll
    for (int p = 0; p < kDepth; ++p) {
      Sum a[kPer], b[kPer];
#pragma unroll
      for (int i = 0; i < kPer; ++i) a[i] = widen(a_panel[p][y + kSide * i]);
#pragma unroll
      for (int j = 0; j < kPer; ++j) b[j] = widen(b_panel[p][x + kSide * j]);
#pragma unroll
      for (int i = 0; i < kPer; ++i) {
#pragma unroll
        for (int j = 0; j < kPer; ++j) sums[i][j] += a[i] * b[j];
      }
    }
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < kPer; ++i) {
#pragma unroll
    for (int j = 0; j < kPer; ++j) {
      const int row = work.row + y + kSide * i;
      const int column = work.column + x + kSide * j;
      if (row < args.m && column < args.n) work.c[static_cast<std::int64_t>(row) * args.n + column] = sums[i][j];
    }
  }
}

Plan plan(const Gemm& op, const Chip&) {
  const auto blocks =
      op.dtype == DType::f64 ? blocks_of<kTile<double>, kTile<double>>(op) : blocks_of<kTile<float>, kTile<float>>(op);
  return simple_plan(op, "register-tiled", {blocks, kThreads},
                     [](auto in) { return &register_tiled_kernel<decltype(in)>; });
}

}  // namespace

const Rung register_tiled_rung{"register_tiled", supports_simple, plan};

}  // namespace whygpu::cuda
