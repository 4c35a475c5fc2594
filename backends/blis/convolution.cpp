// Convolution as im2col + bli_?gemm (backends/im2col/convolution.h).
#include "backends/im2col/convolution.h"

#include <blis.h>

#include "backends/blis/blis.h"

namespace whygpu::blis {
namespace {

template <class T>
using Product = im2col::Product<T>;

class BlisProducts final : public im2col::Products {
 public:
  int threads() const override { return blis::threads(); }
  void multiply(const Product<float>& product) override { multiply(bli_sgemm_ex, product); }
  void multiply(const Product<double>& product) override { multiply(bli_dgemm_ex, product); }
  std::string routine(DType dtype) const override { return dtype == DType::f32 ? "bli_sgemm" : "bli_dgemm"; }
  std::string running_with() const override { return blis::running_with(); }

 private:
  // A product has its own number of threads: newer versions keep the setting for each thread of the caller.
  template <class T>
  void multiply(auto* gemm, const Product<T>& p) {
    rntm_t alone;
    bli_rntm_init_from_global(&alone);
    bli_rntm_set_num_threads(1, &alone);
    T one = 1, beta = p.beta;
    gemm(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, p.m, p.n, p.k, &one, const_cast<T*>(p.a), p.transpose_a ? 1 : p.lda,
         p.transpose_a ? p.lda : 1, const_cast<T*>(p.b), p.transpose_b ? 1 : p.ldb, p.transpose_b ? p.ldb : 1, &beta,
         p.c, p.ldc, 1, nullptr, &alone);
  }
};

}  // namespace

Support supports(const Convolution& op) {
  if (op.dtype == DType::f32 || op.dtype == DType::f64) return {};
  return Support::no("im2col + BLIS has f32 and f64 convolution only, not " + std::string(dtype_name(op.dtype)));
}

std::unique_ptr<Operation> prepare(const Convolution& op, Layout layout) {
  static BlisProducts products;
  return im2col::prepare(op, layout, products);
}

}  // namespace whygpu::blis
