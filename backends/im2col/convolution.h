// Convolution as im2col + GEMM, for libraries that multiply matrices and have no convolution of their own.
#pragma once

#include <memory>
#include <string>

#include "whygpu/backend.h"

namespace whygpu::im2col {

// C = op(A)·op(B) + beta·C with C m×n and k terms a sum; op transposes if requested. Row-major, with rows lda, ldb and
// ldc values apart. beta is 0 or 1; C is not read if it is 0.
template <class T>
struct Product {
  bool transpose_a = false, transpose_b = false;
  std::int64_t m = 0, n = 0, k = 0;
  const T* a = nullptr;
  std::int64_t lda = 0;
  const T* b = nullptr;
  std::int64_t ldb = 0;
  T beta = 0;
  T* c = nullptr;
  std::int64_t ldc = 0;
};

// The library, as the convolution uses it: from several threads at once, each with products of its own.
class Products {
 public:
  virtual ~Products() = default;
  virtual int threads() const = 0;

  // Between these two, multiply() computes on the thread that calls it and starts no other.
  virtual void begin() {}
  virtual void end() {}
  virtual void multiply(const Product<float>& product) = 0;
  virtual void multiply(const Product<double>& product) = 0;

  virtual std::string routine(DType dtype) const = 0;  // "sgemm"
  virtual std::string running_with() const = 0;        // library, kernels and threads, for implementation()
};

// An f32 or f64 convolution; `products` must outlive it.
std::unique_ptr<Operation> prepare(const Convolution& op, Layout layout, Products& products);

}  // namespace whygpu::im2col
