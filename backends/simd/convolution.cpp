// Convolution as tiles of im2col + our products (backends/im2col/convolution.h).
#include "backends/im2col/convolution.h"

#include <map>

#include "backends/simd/product.h"
#include "backends/simd/simd.h"

namespace whygpu::simd {
namespace {

class SimdProducts final : public im2col::Products {
 public:
  int threads() const override { return threads_; }
  void set_threads(int threads) { threads_ = threads; }
  void multiply(const im2col::Product<float>& product) override { multiply(product, DType::f32); }
  void multiply(const im2col::Product<double>& product) override { multiply(product, DType::f64); }
  std::string routine(DType dtype) const override {
    const Kernels& kernels = *find_kernels(dtype);
    return std::to_string(kernels.rows) + "×" + std::to_string(kernels.panel_columns()) + " tiles, " +
           std::string(kernels.isa);
  }
  std::string running_with() const override { return "threads=" + std::to_string(threads_); }

 private:
  // A thread meets few shapes, again and again.
  template <class T>
  void multiply(const im2col::Product<T>& p, DType dtype) {
    thread_local std::map<std::array<std::int64_t, 9>, std::unique_ptr<Product>> products;
    auto& product = products[{p.m, p.n, p.k, p.lda, p.ldb, p.ldc, p.transpose_a * 2 + p.transpose_b, p.beta != 0, sizeof(T)}];
    if (!product) {
      const Shape shape{p.m, p.n, p.k, p.lda, p.ldb, p.ldc, p.transpose_a, p.transpose_b, p.beta != 0};
      const Kernels& kernels = *find_kernels(dtype);
      product = std::make_unique<Product>(shape, kernels, Method{Product::best_strategy(shape, kernels)}, nullptr);
    }
    product->run(reinterpret_cast<const std::byte*>(p.a), reinterpret_cast<const std::byte*>(p.b),
                 reinterpret_cast<std::byte*>(p.c));
  }

  int threads_ = 1;
};

}  // namespace

Support supports(const Convolution& op) {
  if (op.dtype != DType::f32 && op.dtype != DType::f64) {
    return Support::no("the simd backend has f32 and f64 convolution only, not " + std::string(dtype_name(op.dtype)));
  }
  return supports(Gemm{.m = 1, .n = 1, .k = 1, .dtype = op.dtype}, {});
}

std::unique_ptr<Operation> prepare(const Convolution& op, Layout layout, int threads) {
  static SimdProducts products;
  products.set_threads(threads);
  return im2col::prepare(op, layout, products);
}

}  // namespace whygpu::simd
