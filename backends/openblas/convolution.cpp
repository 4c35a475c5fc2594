// Convolution as im2col + cblas_?gemm (backends/im2col/convolution.h).
#include "backends/im2col/convolution.h"

#include <cblas.h>

#include <algorithm>
#include <limits>

#include "backends/openblas/openblas.h"

namespace whygpu::openblas {
namespace {

template <class T>
using Product = im2col::Product<T>;

CBLAS_TRANSPOSE transposition(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }

class BlasProducts final : public im2col::Products {
 public:
  int threads() const override { return openblas_get_num_threads(); }

  void begin() override {
    threads_ = openblas_get_num_threads();
    openblas_set_num_threads(1);
  }
  void end() override { openblas_set_num_threads(threads_); }

  void multiply(const Product<float>& p) override {
    cblas_sgemm(CblasRowMajor, transposition(p.transpose_a), transposition(p.transpose_b), p.m, p.n, p.k, 1, p.a, p.lda,
                p.b, p.ldb, p.beta, p.c, p.ldc);
  }
  void multiply(const Product<double>& p) override {
    cblas_dgemm(CblasRowMajor, transposition(p.transpose_a), transposition(p.transpose_b), p.m, p.n, p.k, 1, p.a, p.lda,
                p.b, p.ldb, p.beta, p.c, p.ldc);
  }

  std::string routine(DType dtype) const override { return dtype == DType::f32 ? "sgemm" : "dgemm"; }
  std::string running_with() const override { return openblas::running_with(); }

 private:
  int threads_ = 1;
};

}  // namespace

Support supports(const Convolution& op) {
  constexpr std::int64_t kMaxIndex = std::numeric_limits<blasint>::max();
  if (std::max({op.c, op.k, op.r * op.s * op.c, op.r * op.s * op.k}) > kMaxIndex) {
    return Support::no("a GEMM dimension is above " + std::to_string(kMaxIndex) + ", the index limit of this OpenBLAS");
  }
  if (op.dtype == DType::f32 || op.dtype == DType::f64) return {};
  return Support::no("im2col + OpenBLAS has f32 and f64 convolution only, not " + std::string(dtype_name(op.dtype)));
}

std::unique_ptr<Operation> prepare(const Convolution& op, Layout layout) {
  static BlasProducts products;
  return im2col::prepare(op, layout, products);
}

}  // namespace whygpu::openblas
