// What the clblast backend runs, each in its own file.
#pragma once

#include <memory>
#include <string>

#include "backends/clblast/library.h"
#include "backends/devices/opencl.h"
#include "backends/devices/opencl_program.h"
#include "whygpu/probes.h"

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

Support supports_stream(const OpenClDevice& device, const Stream& stream);
std::unique_ptr<Operation> prepare_stream(OpenClDevice& device, const Stream& stream);

// STREAM, transfers and empty launches.
class ClblastProbes final : public Probes {
 public:
  explicit ClblastProbes(OpenClDevice& device) : device_(device) {}
  std::vector<std::string> variants(const Probe&) const override { return {}; }
  Support supports(const Probe& probe, std::string_view variant) const override;
  std::unique_ptr<Operation> prepare(const Probe& probe, std::string_view variant) override;

 private:
  OpenClDevice& device_;
};

// Whether the device computes in `dtype`, and its driver allocates tensors of these sizes.
Support supports_arguments(const OpenClDevice& device, DType dtype, const std::vector<TensorSpec>& arguments);

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
