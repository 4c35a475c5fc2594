// GEMM by CLBlast: one call, strided where it is a batch.
#include "backends/clblast/operations.h"

namespace whygpu::clblast_backend {
namespace {

constexpr const char* kWiden = R"(
kernel void widen(global const half* x, global float* y, ulong result, ulong count) {
  const size_t i = get_global_id(0);
  if (i < count) y[result + i] = vload_half(i, x);
}
)";
constexpr std::size_t kWidenThreads = 64;

Product product_of(const Gemm& g) {
  const auto m = static_cast<std::size_t>(g.m), n = static_cast<std::size_t>(g.n), k = static_cast<std::size_t>(g.k);
  return {.dtype = g.dtype,
          .m = m,
          .n = n,
          .k = k,
          .batch = static_cast<std::size_t>(g.batch),
          .transpose_a = g.transpose_a,
          .transpose_b = g.transpose_b,
          .pitch_a = g.transpose_a ? m : k,
          .pitch_b = g.transpose_b ? k : n,
          .pitch_c = n,
          .stride_a = m * k,
          .stride_b = k * n,
          .stride_c = m * n};
}

// f16 products are f16 too: they are widened to the f32 of the result.
class ClblastGemm final : public Operation {
 public:
  ClblastGemm(Context& context, const Gemm& gemm)
      : context_(context), gemm_(gemm), product_(context, product_of(gemm)) {
    if (gemm.dtype != DType::f16) return;
    narrow_ = OpenClBuffer(context.device, 2 * static_cast<std::size_t>(gemm.m * gemm.n * gemm.batch));
    widen_ = OpenClProgram(context.device, kWiden).kernel("widen");
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_opencl_tensor(context_.device, gemm_.arguments().at(static_cast<std::size_t>(index)));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const bool widened = narrow_.bytes() != 0;
    product_.enqueue(opencl_span(tensors[0]), opencl_span(tensors[1]),
                     widened ? OpenClSpan{narrow_.memory(), 0} : opencl_span(tensors[2]));
    if (!widened) return;
    const std::size_t count = narrow_.bytes() / 2;
    launch(widen_, context_.device.commands(), {count, 1, 1}, {kWidenThreads, 1, 1}, narrow_.memory(),
           opencl_values(tensors[2], DType::f32), static_cast<cl_ulong>(count));
  }

  std::string implementation() const override {
    return product_.describe() +
           (narrow_.bytes() != 0 ? "; sums and result in f16, widened to f32 by a kernel of whygpu" : "");
  }

 private:
  Context& context_;
  Gemm gemm_;
  ClblastProduct product_;
  OpenClBuffer narrow_;
  OpenClKernel widen_;
};

}  // namespace

Support supports(const Context& context, const Gemm& gemm) {
  if (gemm.dtype != DType::f64 && gemm.dtype != DType::f32 && gemm.dtype != DType::f16) {
    return Support::no("CLBlast has no " + std::string(dtype_name(gemm.dtype)) + " GEMM");
  }
  return opencl_supports(context.device, gemm.dtype, gemm.arguments());
}

std::unique_ptr<Operation> prepare(Context& context, const Gemm& gemm) {
  return std::make_unique<ClblastGemm>(context, gemm);
}

}  // namespace whygpu::clblast_backend
