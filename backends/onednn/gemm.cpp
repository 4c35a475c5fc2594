// GEMM as oneDNN's matmul primitive.
#include <array>

#include "backends/onednn/onednn.h"
#include "backends/onednn/row_major.h"

namespace whygpu::onednn {
namespace {

using dnnl::matmul;
using dnnl::memory;

// packed: B in a layout that oneDNN chooses; plain: row-major operands, as in a BLAS.
constexpr std::string_view kPacked = "packed";

// Row-major rows×columns matrices, or their transposes.
memory::desc matrices(std::int64_t batch, std::int64_t rows, std::int64_t columns, bool transposed, DType dtype) {
  const memory::dims strides = {rows * columns, transposed ? 1 : columns, transposed ? rows : 1};
  return {{batch, rows, columns}, data_type(dtype), strides};
}

struct Layouts {
  memory::desc a, b, c;
};

Layouts caller_layouts(const Gemm& g) {
  return {matrices(g.batch, g.m, g.k, g.transpose_a, g.dtype), matrices(g.batch, g.k, g.n, g.transpose_b, g.dtype),
          matrices(g.batch, g.m, g.n, false, accumulator_of(g.dtype))};
}

// `packed` lets oneDNN choose the layout of B, as for weights that are multiplied many times.
matmul::primitive_desc plan(Context& context, const Gemm& g, bool packed) {
  Layouts layouts = caller_layouts(g);
  if (packed) layouts.b = {{g.batch, g.k, g.n}, data_type(g.dtype), memory::format_tag::any};
#if DNNL_VERSION_MAJOR >= 3
  return {context.engine, layouts.a, layouts.b, layouts.c};
#else
  return {{layouts.a, layouts.b, layouts.c}, context.engine};
#endif
}

class Matmul final : public Operation {
 public:
  Matmul(Context& context, const Gemm& gemm, bool packed)
      : context_(context), gemm_(gemm), packed_(packed), plan_(plan(context, gemm, packed)), primitive_(plan_) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    const Layouts caller = caller_layouts(gemm_);
    switch (index) {
      case 0: return std::make_unique<DnnlTensor>(context_, caller.a, plan_.src_desc());
      case 1: return std::make_unique<DnnlTensor>(context_, caller.b, plan_.weights_desc());
      default: return std::make_unique<DnnlTensor>(context_, caller.c, plan_.dst_desc());
    }
  }

  // The C call takes its arguments from the stack; the C++ one would build a map on every run.
  void enqueue(std::span<Tensor* const> tensors) override {
    const auto memory_of = [&](int i) { return static_cast<DnnlTensor*>(tensors[i])->memory(); };
    const std::array<dnnl_exec_arg_t, 3> arguments = {
        {{DNNL_ARG_SRC, memory_of(0)}, {DNNL_ARG_WEIGHTS, memory_of(1)}, {DNNL_ARG_DST, memory_of(2)}}};
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), context_.stream.get(), 3, arguments.data()),
                            "oneDNN could not execute a matmul");
  }

  std::string implementation() const override {
    return describe(packed_ ? "matmul with B packed" : "matmul", plan_.impl_info_str());
  }

 private:
  Context& context_;
  Gemm gemm_;
  bool packed_;
  matmul::primitive_desc plan_;
  matmul primitive_;
};

}  // namespace

std::vector<std::string> variants(const Gemm&) { return {"plain", std::string(kPacked)}; }

Support supports(Context& context, const Gemm& gemm, const PrepareOptions& options) {
  const bool packed = options.variant == kPacked;
  if (packed && options.layout == Layout::row_major) {
    return Support::no("variant packed has B in oneDNN's own layout, not row-major");
  }
  const std::string what = std::string(dtype_name(gemm.dtype)) + " matmul";
  if (!has_data_type(gemm.dtype)) return no_such(what);
  try {
    plan(context, gemm, packed);
    return {};
  } catch (const dnnl::error&) {
    return no_such(what);
  }
}

std::unique_ptr<Operation> prepare(Context& context, const Gemm& gemm, const PrepareOptions& options) {
  if (options.layout == Layout::preferred) return std::make_unique<Matmul>(context, gemm, options.variant == kPacked);
  const matmul::primitive_desc planned = plan(context, gemm, false);
  const Layouts caller = caller_layouts(gemm);
  return row_major_operation(context, matmul(planned),
                             {{DNNL_ARG_SRC, caller.a, planned.src_desc()},
                              {DNNL_ARG_WEIGHTS, caller.b, planned.weights_desc()},
                              {DNNL_ARG_DST, caller.c, planned.dst_desc(), true}},
                             describe("matmul", planned.impl_info_str()));
}

}  // namespace whygpu::onednn
