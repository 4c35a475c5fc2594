// Rung 3, tiled: a block first copies a 32×32 tile of A and of B to shared memory, and each of its 1024 threads then
// reads them from there. Every element is fetched from global memory once per block instead of once per thread: 32
// times less.
#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/panel.h"
#include "backends/cuda/kernels/simple.h"

namespace whygpu::cuda {
namespace {

constexpr int kTile = 32;
constexpr int kThreads = kTile * kTile;
constexpr int kPitch = kTile + 1;  // so that a column of a panel uses 32 different banks

template <class In>
__global__ void __launch_bounds__(kThreads) tiled_kernel(GemmArguments<In, Accumulator<In>> args) {
  __shared__ In a_panel[kTile][kPitch];
  __shared__ In b_panel[kTile][kPitch];

  const auto work = block_work<kTile, kTile>(args, blockIdx.x, 1);
  const int y = static_cast<int>(threadIdx.x) / kTile;
  const int x = static_cast<int>(threadIdx.x) % kTile;

  Accumulator<In> sum = 0;
  for (int p0 = 0; p0 < args.k; p0 += kTile) {
    load_panel<kThreads, kTile>(a_panel, work.a + work.row * args.a_row + p0 * args.a_col, args.a_row, args.a_col,
                                args.m - work.row, args.k - p0);
    load_panel<kThreads, kTile>(b_panel, work.b + work.column * args.b_col + p0 * args.b_row, args.b_col, args.b_row,
                                args.n - work.column, args.k - p0);
    __syncthreads();  // the panels are complete
    for (int p = 0; p < kTile; ++p) sum += widen(a_panel[p][y]) * widen(b_panel[p][x]);
    __syncthreads();  // the panels are no longer needed
  }
  const int row = work.row + y;
  const int column = work.column + x;
  if (row < args.m && column < args.n) work.c[static_cast<std::int64_t>(row) * args.n + column] = sum;
}

Plan plan(const Gemm& op, const Chip&) {
  return simple_plan(op, "tiled", {blocks_of<kTile, kTile>(op), kThreads},
                     [](auto in) { return &tiled_kernel<decltype(in)>; });
}

}  // namespace

const Rung tiled_rung{"tiled", supports_simple, plan};

}  // namespace whygpu::cuda
