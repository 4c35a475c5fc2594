// Convolution and its gradients as oneDNN's primitives, with images and filters in the primitives' preferred layouts.
#include <array>

#include "backends/onednn/onednn.h"
#include "backends/onednn/row_major.h"

namespace whygpu::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;

constexpr std::string_view kDirect = "direct", kWinograd = "winograd";

algorithm algorithm_of(std::string_view variant) {
  if (variant == kDirect) return algorithm::convolution_direct;
  if (variant == kWinograd) return algorithm::convolution_winograd;
  return algorithm::convolution_auto;
}

std::string_view pass_name(Pass pass) {
  constexpr std::string_view names[] = {"forward", "backward data", "backward weights"};
  return names[static_cast<std::size_t>(pass)];
}

// An argument with oneDNN's dimension order and the caller's strides.
struct Argument {
  memory::dims dims;
  memory::data_type type;
  memory::dims strides;

  memory::desc caller() const { return {dims, type, strides}; }
  memory::desc any() const { return {dims, type, memory::format_tag::any}; }
};

// NHWC images, as n, c, h, w.
Argument images(const TensorSpec& spec) {
  const std::int64_t n = spec.shape[0], h = spec.shape[1], w = spec.shape[2], c = spec.shape[3];
  return {{n, c, h, w}, data_type(spec.dtype), {h * w * c, 1, w * c, c}};
}

// KRSC filters, as (group,) k, c, r, s.
Argument filters(const TensorSpec& spec, std::int64_t groups) {
  const std::int64_t k = spec.shape[0] / groups, r = spec.shape[1], s = spec.shape[2], c = spec.shape[3];
  if (groups == 1) return {{k, c, r, s}, data_type(spec.dtype), {r * s * c, 1, s * c, c}};
  return {{groups, k, c, r, s}, data_type(spec.dtype), {k * r * s * c, r * s * c, 1, s * c, c}};
}

// x, w and y.
std::array<Argument, 3> arguments_of(const Convolution& op) {
  const auto specs = op.arguments();
  return {images(specs[0]), filters(specs[1], op.groups), images(specs[2])};
}

// With `plain_images`, oneDNN chooses the layout of the filters only.
dnnl::primitive_desc plan(Context& context, const Convolution& op, std::string_view variant,
                          bool plain_images = false) {
  const auto arguments = arguments_of(op);
  const memory::desc x = plain_images ? arguments[0].caller() : arguments[0].any(), w = arguments[1].any();
  const memory::desc y = plain_images ? arguments[2].caller() : arguments[2].any();
  const memory::dims strides{op.stride_h, op.stride_w}, pads{op.pad_h, op.pad_w};
  const memory::dims gaps{op.dilation_h - 1, op.dilation_w - 1};
  const auto training =
      op.pass == Pass::forward ? dnnl::prop_kind::forward_inference : dnnl::prop_kind::forward_training;
  const algorithm chosen = algorithm_of(variant);
  // The gradients are planned with a forward pass as a hint, whose filters have the input's type.
  const memory::desc hint_w{arguments[1].dims, arguments[0].type, memory::format_tag::any};
#if DNNL_VERSION_MAJOR >= 3
  const auto& engine = context.engine;
  const dnnl::convolution_forward::primitive_desc forward(engine, training, chosen, x, hint_w, y, strides, gaps, pads,
                                                          pads);
  switch (op.pass) {
    case Pass::forward: return forward;
    case Pass::backward_data:
      return dnnl::convolution_backward_data::primitive_desc(engine, chosen, x, w, y, strides, gaps, pads, pads,
                                                             forward);
    default:
      return dnnl::convolution_backward_weights::primitive_desc(engine, chosen, x, w, y, strides, gaps, pads, pads,
                                                                forward);
  }
#else
  const auto& engine = context.engine;
  const dnnl::convolution_forward::primitive_desc forward({training, chosen, x, hint_w, y, strides, gaps, pads, pads},
                                                          engine);
  switch (op.pass) {
    case Pass::forward: return forward;
    case Pass::backward_data:
      return dnnl::convolution_backward_data::primitive_desc({chosen, x, w, y, strides, gaps, pads, pads}, engine,
                                                             forward);
    default:
      return dnnl::convolution_backward_weights::primitive_desc({chosen, x, w, y, strides, gaps, pads, pads}, engine,
                                                                forward);
  }
#endif
}

// oneDNN's names of x, w and y in a pass.
std::array<int, 3> argument_names(Pass pass) {
  switch (pass) {
    case Pass::forward: return {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
    case Pass::backward_data: return {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST};
    default: return {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST};
  }
}

class DnnlConvolution final : public Operation {
 public:
  DnnlConvolution(Context& context, const Convolution& op, std::string_view variant)
      : context_(context),
        pass_(op.pass),
        arguments_(arguments_of(op)),
        names_(argument_names(op.pass)),
        plan_(plan(context, op, variant)),
        primitive_(plan_) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    return std::make_unique<DnnlTensor>(context_, arguments_.at(index).caller(), layout(index));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    std::array<dnnl_exec_arg_t, 3> arguments;
    for (int i = 0; i < 3; ++i) arguments[i] = {names_[i], static_cast<DnnlTensor*>(tensors[i])->memory()};
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), context_.stream.get(), 3, arguments.data()),
                            "oneDNN could not execute a convolution");
  }

  std::string implementation() const override {
    std::string reordered;
    for (int i = 0; i < 3; ++i) {
      if (layout(i) != arguments_[i].caller()) reordered += std::string(reordered.empty() ? "" : " ") + "xwy"[i];
    }
    std::string text = describe("convolution " + std::string(pass_name(pass_)), plan_.impl_info_str());
    return reordered.empty() ? text : text + ", oneDNN layouts for " + reordered;
  }

 private:
  memory::desc layout(int index) const { return plan_.query_md(dnnl::query::exec_arg_md, names_[index]); }

  Context& context_;
  Pass pass_;
  std::array<Argument, 3> arguments_;
  std::array<int, 3> names_;
  dnnl::primitive_desc plan_;
  dnnl::primitive primitive_;
};

}  // namespace

std::vector<std::string> variants(const Convolution&) { return {"auto", std::string(kDirect), std::string(kWinograd)}; }

Support supports(Context& context, const Convolution& op, const PrepareOptions& options) {
  std::string what = std::string(dtype_name(op.dtype)) + " convolution";
  if (algorithm_of(options.variant) == algorithm::convolution_winograd) what += " by Winograd for this shape";
  if (!has_data_type(op.dtype)) return no_such(what);
  try {
    plan(context, op, options.variant, options.layout == Layout::row_major);
    return {};
  } catch (const dnnl::error&) {
    return no_such(what);
  }
}

std::unique_ptr<Operation> prepare(Context& context, const Convolution& op, const PrepareOptions& options) {
  if (options.layout == Layout::preferred) return std::make_unique<DnnlConvolution>(context, op, options.variant);
  const dnnl::primitive_desc planned = plan(context, op, options.variant, true);
  const auto arguments = arguments_of(op);
  const auto names = argument_names(op.pass);
  std::vector<RowMajorArgument> row_major;
  for (int i = 0; i < 3; ++i) {
    row_major.push_back(
        {names[i], arguments[i].caller(), planned.query_md(dnnl::query::exec_arg_md, names[i]), i == op.result()});
  }
  return row_major_operation(context, dnnl::primitive(planned), std::move(row_major),
                             describe("convolution " + std::string(pass_name(op.pass)), planned.impl_info_str()));
}

}  // namespace whygpu::onednn
