// Rung 2, coalesced: like naive, but neighbouring threads compute neighbouring columns. A warp then reads 32
// consecutive elements of B, and one element of A, which the load unit broadcasts to all lanes.
#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/simple.h"

namespace whygpu::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kRows = 8, kColumns = 32;  // of C, per block

template <class In>
__global__ void __launch_bounds__(kThreads) coalesced_kernel(GemmArguments<In, Accumulator<In>> args) {
  const auto work = block_work<kRows, kColumns>(args, blockIdx.x, 1);
  const int row = work.row + static_cast<int>(threadIdx.x) / kColumns;
  const int column = work.column + static_cast<int>(threadIdx.x) % kColumns;
  if (row >= args.m || column >= args.n) return;

  Accumulator<In> sum = 0;
  for (int p = 0; p < args.k; ++p) {
    sum += widen(work.a[row * args.a_row + p * args.a_col]) * widen(work.b[p * args.b_row + column * args.b_col]);
  }
  work.c[static_cast<std::int64_t>(row) * args.n + column] = sum;
}

Plan plan(const Gemm& op, const Chip&) {
  return simple_plan(op, "coalesced", {blocks_of<kRows, kColumns>(op), kThreads},
                     [](auto in) { return &coalesced_kernel<decltype(in)>; });
}

}  // namespace

const Rung coalesced_rung{"coalesced", supports_simple, plan};

}  // namespace whygpu::cuda
