// libxsmm is column-major: it computes Cᵀ = Bᵀ·op(A)ᵀ, where B is its first operand. It generates code for a transposed
// second operand, but not for a transposed first one.
#include "backends/xsmm/kernels.h"

#include <libxsmm.h>

namespace whygpu::xsmm {
namespace {

int narrow(std::int64_t value) { return static_cast<int>(value); }

template <class T, class Dispatch>
auto dispatch(const Block& b, int flags, Dispatch* find) {
  const int ldb = narrow(b.ldb), lda = narrow(b.lda), ldc = narrow(b.ldc);
  const Sum<T> alpha = 1, beta = b.accumulate ? 1 : 0;
  const int all = flags | (b.transpose_a ? LIBXSMM_GEMM_FLAG_TRANS_B : 0);
  const int prefetch = LIBXSMM_PREFETCH_NONE;  // the kernel takes three arguments
  return find(narrow(b.n), narrow(b.m), narrow(b.k), &ldb, &lda, &ldc, &alpha, &beta, &all, &prefetch);
}

}  // namespace

template <>
Kernel<float> find_kernel(const Block& block) {
  return dispatch<float>(block, LIBXSMM_GEMM_FLAG_NONE, libxsmm_smmdispatch);
}

template <>
Kernel<double> find_kernel(const Block& block) {
  return dispatch<double>(block, LIBXSMM_GEMM_FLAG_NONE, libxsmm_dmmdispatch);
}

template <>
Kernel<Bf16> find_kernel(const Block& block) {
  return reinterpret_cast<Kernel<Bf16>>(dispatch<Bf16>(block, LIBXSMM_GEMM_FLAG_VNNI_A, libxsmm_bsmmdispatch));
}

void transpose(void* out, const void* in, std::int64_t bytes, std::int64_t rows, std::int64_t columns,
               std::int64_t in_stride, std::int64_t out_stride) {
  libxsmm_otrans(out, in, static_cast<unsigned>(bytes), narrow(columns), narrow(rows), narrow(in_stride),
                 narrow(out_stride));
}

}  // namespace whygpu::xsmm
