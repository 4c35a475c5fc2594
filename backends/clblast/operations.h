// What the clblast backend runs, each in its own file.
#pragma once

#include <memory>
#include <string>

#include "backends/clblast/library.h"
#include "backends/devices/opencl.h"
#include "backends/devices/opencl_launch.h"
#include "backends/devices/opencl_probes.h"

namespace whygpu::clblast_backend {

struct Context {
  explicit Context(int index) : device(index), tuned(tuning(device)) {}

  OpenClDevice device;
  std::string tuned;
};

Support supports(const Context& context, const Gemm& gemm);
Support supports(const Context& context, const Convolution& convolution);
std::unique_ptr<Operation> prepare(Context& context, const Gemm& gemm);
std::unique_ptr<Operation> prepare(Context& context, const Convolution& convolution);

// Row-major C[m×n] = op(A) · op(B), `batch` times. Pitches and strides, from one product's operand to the next one's,
// are in elements.
struct Product {
  DType dtype = DType::f32;
  std::size_t m = 0, n = 0, k = 0, batch = 1;
  bool transpose_a = false, transpose_b = false;
  std::size_t pitch_a = 0, pitch_b = 0, pitch_c = 0;
  std::size_t stride_a = 0, stride_b = 0, stride_c = 0;
};

// Products by CLBlast. C has the dtype of A and B; with `accumulate` they are added to it.
class ClblastProduct {
 public:
  ClblastProduct(Context& context, const Product& product);  // compiles its kernels
  void enqueue(OpenClSpan a, OpenClSpan b, OpenClSpan c, bool accumulate = false) const;
  std::string describe() const;

 private:
  bool batched() const { return product_.batch > 1; }

  Context& context_;
  Product product_;
  OpenClBuffer workspace_;  // for copies of the operands; empty where none are made, and for batches, whose copies
                            // the library allocates in every call
};

}  // namespace whygpu::clblast_backend
