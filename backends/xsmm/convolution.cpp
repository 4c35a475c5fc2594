// Convolution as im2col + generated kernels (backends/im2col/convolution.h).
#include "backends/im2col/convolution.h"

#include <algorithm>
#include <limits>

#include "backends/xsmm/products.h"
#include "backends/xsmm/xsmm.h"

namespace whygpu::xsmm {
namespace {

template <class T>
using Product = im2col::Product<T>;

class XsmmProducts final : public im2col::Products {
 public:
  int threads() const override { return threads_; }
  void set_threads(int threads) { threads_ = threads; }

  void multiply(const Product<float>& product) override { run(product); }
  void multiply(const Product<double>& product) override { run(product); }

  std::string routine(DType) const override {
    return "blocked calls of kernels, a transposed operand copied for each tile";
  }
  std::string running_with() const override { return xsmm::running_with(threads_); }

 private:
  // A kernel that was generated before is found in well below a microsecond.
  template <class T>
  void run(const Product<T>& p) {
    thread_local std::vector<T> copy;
    const T* b = p.b;
    std::int64_t ldb = p.ldb;
    if (p.transpose_b) {
      copy.resize(static_cast<std::size_t>(std::max<std::int64_t>(copy.size(), p.k * p.n)));
      transpose(copy.data(), p.b, sizeof(T), p.n, p.k, p.ldb, p.n);
      b = copy.data();
      ldb = p.n;
    }
    const TiledProduct<T> product({p.m, p.n, p.k, p.lda, ldb, p.ldc, p.transpose_a, p.beta != 0});
    for (std::int64_t tile = 0; tile < product.tiles(); ++tile) product.run(tile, p.a, b, p.c);
  }

  int threads_ = 1;
};

}  // namespace

Support supports(const Convolution& op) {
  constexpr std::int64_t kMaxIndex = std::numeric_limits<int>::max();
  if (op.dtype != DType::f32 && op.dtype != DType::f64) {
    return Support::no("im2col + libxsmm has f32 and f64 convolution only, not " + std::string(dtype_name(op.dtype)));
  }
  if (std::max({op.c, op.k, op.r * op.s * op.c, op.r * op.s * op.k}) > kMaxIndex) {
    return Support::no("a GEMM dimension is above " + std::to_string(kMaxIndex) + ", the index limit of libxsmm");
  }
  return supports(Gemm{.m = 1, .n = 1, .k = 1, .dtype = op.dtype});
}

std::unique_ptr<Operation> prepare(const Convolution& op, Layout layout, int threads) {
  static XsmmProducts products;
  products.set_threads(threads);
  return im2col::prepare(op, layout, products);
}

}  // namespace whygpu::xsmm
