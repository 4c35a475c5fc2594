// Rung 1, naive: one thread per element of C. Neighbouring threads compute neighbouring rows, so every load of A by a
// warp touches 32 different rows: 32 memory transactions where one would do.
#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/simple.h"

namespace whygpu::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kRows = 32, kColumns = 8;  // of C, per block

template <class In>
__global__ void __launch_bounds__(kThreads) naive_kernel(GemmArguments<In, Accumulator<In>> args) {
  const auto work = block_work<kRows, kColumns>(args, blockIdx.x, 1);
  const int row = work.row + static_cast<int>(threadIdx.x) % kRows;
  const int column = work.column + static_cast<int>(threadIdx.x) / kRows;
  if (row >= args.m || column >= args.n) return;

  Accumulator<In> sum = 0;
  for (int p = 0; p < args.k; ++p) {
    sum += widen(work.a[row * args.a_row + p * args.a_col]) * widen(work.b[p * args.b_row + column * args.b_col]);
  }
  work.c[static_cast<std::int64_t>(row) * args.n + column] = sum;
}

Plan plan(const Gemm& op, const Chip&) {
  return simple_plan(op, "naive", {blocks_of<kRows, kColumns>(op), kThreads},
                     [](auto in) { return &naive_kernel<decltype(in)>; });
}

}  // namespace

const Rung naive_rung{"naive", supports_simple, plan};

}  // namespace whygpu::cuda
