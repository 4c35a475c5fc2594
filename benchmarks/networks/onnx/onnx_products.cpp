#include "benchmarks/networks/onnx/onnx_products.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "benchmarks/networks/onnx/products.h"

namespace whygpu::networks {
namespace {

constexpr std::int64_t kMostProducts = 1 << 30;  // of one operator

// One operator with its operands.
class Products {
 public:
  Products(NetworkNodeRecord& record, const OnnxGraph& graph, const OnnxNode& node,
           const std::function<bool(const std::string&)>& needs_gradient)
      : record_(record), graph_(graph), node_(node), needs_gradient_(needs_gradient) {}

  void convolution(std::size_t x, std::size_t w);
  void transposed_convolution();
  void matmul(std::size_t a, std::size_t b);
  void recurrent(std::int64_t gates);
  void einsum();

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw CaseError(fmt::format("{} \"{}\": {}", node_.op, node_.name, what));
  }

  const std::string& input(std::size_t index) const {
    if (index >= node_.inputs.size()) fail(fmt::format("has {} inputs", node_.inputs.size()));
    return node_.inputs[index];
  }

  const Shape& shape_of(const std::string& name) const {
    const OnnxTensor& tensor = graph_.tensor(name);
    if (!tensor.shape) {
      fail(fmt::format("the shape of \"{}\" is not known; it depends on data, or on a dimension for --dim NAME=N",
                       name));
    }
    return *tensor.shape;
  }

  DType dtype_of(const std::string& name) const {
    const std::string& dtype = graph_.tensor(name).dtype;
    if (dtype == "u8") return DType::s8;  // the nearest that the cases have
    for (const DType known : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::s8}) {
      if (dtype == dtype_name(known)) return known;
    }
    fail(fmt::format("products of {} are not measured", dtype.empty() ? "an unknown type" : dtype));
  }

  Gradients gradients(std::size_t a, std::size_t b) const {
    if (dtype_of(input(a)) == DType::s8) return {};  // integers are not trained
    return {needs_gradient_(input(a)), needs_gradient_(input(b))};
  }

  NetworkNodeRecord& record_;
  const OnnxGraph& graph_;
  const OnnxNode& node_;
  const std::function<bool(const std::string&)>& needs_gradient_;
};

// One axis of a convolution; `extent` is that of the image.
struct Axis {
  std::int64_t extent = 1, taps = 1, stride = 1, dilation = 1, pad = 0, result = 1;
};

// Cases have equal padding on both sides. The excess of one side becomes part of the image, which leaves the number of
// products as it is.
void pad(Axis& axis, std::int64_t begin, std::int64_t end) {
  axis.pad = std::max<std::int64_t>(std::min(begin, end), 0);
  axis.extent += begin + end - 2 * axis.pad;
}

std::int64_t reach(const Axis& axis) { return axis.dilation * (axis.taps - 1) + 1; }

std::int64_t product(const Shape& shape, std::size_t begin, std::size_t end) {
  std::int64_t result = 1;
  for (std::size_t i = begin; i < end; ++i) result *= shape[i];
  return result;
}

std::vector<Axis> axes_of(const OnnxNode& node, const Shape& filters) {
  std::vector<Axis> axes(filters.size() - 2);
  const auto ones = Shape(axes.size(), 1);
  Shape strides = node.list("strides", ones), dilations = node.list("dilations", ones);
  strides.resize(axes.size(), 1);
  dilations.resize(axes.size(), 1);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    axes[i].taps = filters[i + 2];
    axes[i].stride = strides[i];
    axes[i].dilation = dilations[i];
  }
  return axes;
}

// A third axis, depth, is a sum over filter planes, as if they were channels.
Convolution with_axes(Convolution op, std::vector<Axis> axes) {
  if (axes.size() == 3) {
    op.n *= axes[0].result;
    op.c *= axes[0].taps;
    axes.erase(axes.begin());
  }
  if (axes.size() == 1) axes.insert(axes.begin(), Axis{});
  const auto& [vertical, horizontal] = std::pair{axes[0], axes[1]};
  op.h = vertical.extent, op.r = vertical.taps, op.stride_h = vertical.stride;
  op.pad_h = vertical.pad, op.dilation_h = vertical.dilation;
  op.w = horizontal.extent, op.s = horizontal.taps, op.stride_w = horizontal.stride;
  op.pad_w = horizontal.pad, op.dilation_w = horizontal.dilation;
  return op;
}

void Products::convolution(std::size_t x, std::size_t w) {
  const Shape &image = shape_of(input(x)), &filters = shape_of(input(w));
  if (image.size() != filters.size() || image.size() < 3 || image.size() > 5) {
    fail(fmt::format("{} dimensions; accepted: convolutions over one, two or three axes", image.size()));
  }
  auto axes = axes_of(node_, filters);
  const std::string automatic = node_.word("auto_pad", "NOTSET");
  Shape pads = node_.list("pads", {});
  pads.resize(2 * axes.size(), 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Axis& axis = axes[i];
    axis.extent = image[i + 2];
    if (automatic.starts_with("SAME")) {
      const std::int64_t results = (axis.extent + axis.stride - 1) / axis.stride;
      const auto total = std::max<std::int64_t>((results - 1) * axis.stride + reach(axis) - axis.extent, 0);
      pad(axis, total / 2, total - total / 2);
    } else if (automatic != "VALID") {
      pad(axis, pads[i], pads[i + axes.size()]);
    }
    axis.result = (axis.extent + 2 * axis.pad - reach(axis)) / axis.stride + 1;
  }
  Convolution op;
  op.n = image[0], op.c = image[1], op.k = filters[0];
  op.groups = node_.number("group", 1);
  op.dtype = dtype_of(input(x));
  if (op.c != filters[1] * op.groups) {
    fail(fmt::format("{} channels, but filters for {} in {} groups", op.c, filters[1], op.groups));
  }
  add_convolution(record_, with_axes(op, axes), gradients(x, w));
}

// The gradient of the image of a convolution from `y` images to `x`.
void Products::transposed_convolution() {
  const Shape &x = shape_of(input(0)), &filters = shape_of(input(1));
  if (x.size() != filters.size() || x.size() < 3 || x.size() > 4) {
    fail(fmt::format("{} dimensions; accepted: transposed convolutions over one or two axes", x.size()));
  }
  auto axes = axes_of(node_, filters);
  if (node_.outputs.empty()) fail("has no output");
  const Shape& y = shape_of(node_.outputs[0]);
  Shape pads = node_.list("pads", {});
  pads.resize(2 * axes.size(), 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Axis& axis = axes[i];
    axis.extent = y.at(i + 2);
    // What the output has in excess of whole steps belongs to the padding.
    const std::int64_t begin_pad = pads[i], both_pads = pads[i] + pads[i + axes.size()];
    if (2 * begin_pad == both_pads && (axis.extent + both_pads - reach(axis)) / axis.stride + 1 == x[i + 2]) {
      axis.pad = begin_pad;
      continue;
    }
    const std::int64_t full = (x[i + 2] - 1) * axis.stride + reach(axis);
    const auto total = std::max<std::int64_t>(full - axis.extent, 0);
    const std::int64_t begin = std::min(begin_pad != 0 ? begin_pad : total / 2, total);
    pad(axis, begin, total - begin);
  }
  Convolution op;
  op.pass = Pass::backward_data;
  op.n = x[0], op.k = x[1], op.c = filters[1] * node_.number("group", 1);
  op.groups = node_.number("group", 1);
  op.dtype = dtype_of(input(0));
  add_convolution(record_, with_axes(op, axes), gradients(0, 1));
}

void Products::matmul(std::size_t a, std::size_t b) {
  Shape left = shape_of(input(a)), right = shape_of(input(b));
  if (left.empty() || right.empty()) fail("an operand is a scalar");
  if (left.size() == 1) left.insert(left.begin(), 1);
  if (right.size() == 1) right.push_back(1);
  const bool ta = node_.number("transA", 0) != 0, tb = node_.number("transB", 0) != 0;
  const std::size_t l = left.size(), r = right.size();
  Gemm op{left[l - (ta ? 1 : 2)], right[r - (tb ? 2 : 1)], left[l - (ta ? 2 : 1)], 1, ta, tb, dtype_of(input(a))};
  if (right[r - (tb ? 1 : 2)] != op.k) {
    fail(fmt::format("operands of {} columns and {} rows", op.k, right[r - (tb ? 1 : 2)]));
  }
  if (product(right, 0, r - 2) == 1 && !ta) {
    op.m *= product(left, 0, l - 2);  // one tall product
  } else {
    for (std::size_t i = 2; i < std::max(l, r); ++i) {  // axes from the right
      const std::int64_t x = i < l ? left[l - 1 - i] : 1, y = i < r ? right[r - 1 - i] : 1;
      op.batch *= x == 1 ? y : x;
      if (op.batch > kMostProducts) fail("too many products for any machine");
    }
  }
  add_gemm(record_, op, gradients(a, b));
}

void Products::recurrent(std::int64_t gates) {
  const Shape &x = shape_of(input(0)), &w = shape_of(input(1)), &r = shape_of(input(2));
  if (x.size() != 3 || w.size() != 3 || r.size() != 3) fail("accepted: operands of three dimensions");
  const bool batch_first = node_.number("layout", 0) != 0;
  const std::int64_t length = x[batch_first ? 1 : 0], batch = x[batch_first ? 0 : 1];
  const std::int64_t directions = w[0], hidden = r[2];
  if (r[1] != gates * hidden) fail(fmt::format("accepted: {} gates", gates));
  const DType dtype = dtype_of(input(0));
  const Gradients both = gradients(0, 1);
  add_gemm(record_, {length * batch, gates * hidden, x[2], 1, false, true, dtype}, both, directions);
  add_gemm(record_, {batch, gates * hidden, hidden, 1, false, true, dtype}, {both.second, false}, directions * length);
  const double steps =
      static_cast<double>(length * batch) * static_cast<double>(directions) * static_cast<double>(gates * hidden);
  add_traffic(record_, "forward", 2 * steps * static_cast<double>(dtype_bytes(dtype)), 8 * steps);
  if (!both.second) return;
  // The gradient of the recurrent weights is one product over all steps.
  const Gemm gradient{gates * hidden, hidden, length * batch, 1, true, false, dtype};
  record_.work.push_back({"backward_weights", problem_of(gradient), directions, gradient.flops(), 0});
  add_traffic(record_, "backward", 3 * steps * static_cast<double>(dtype_bytes(dtype)), 8 * steps);
}

// Of two operands: labels of both and the result are the batch, those of the operands only are summed.
void Products::einsum() {
  std::string equation = node_.word("equation", "");
  std::erase(equation, ' ');
  const auto comma = equation.find(','), arrow = equation.find("->");
  const bool plain = comma != std::string::npos && arrow != std::string::npos &&
                     equation.find('.') == std::string::npos && equation.find(',', comma + 1) == std::string::npos;
  if (node_.inputs.size() != 2 || !plain) {
    record_.unknown = fmt::format("accepted: two operands and a result, as in bij,bjk->bik (this is \"{}\")", equation);
    return;
  }
  const std::string left = equation.substr(0, comma), right = equation.substr(comma + 1, arrow - comma - 1);
  const std::string result = equation.substr(arrow + 2);
  std::map<char, std::int64_t> extents;
  for (const auto& [labels, operand] : {std::pair{left, 0U}, {right, 1U}}) {
    const Shape& shape = shape_of(input(operand));
    if (shape.size() != labels.size()) fail(fmt::format("\"{}\" does not fit its operands", equation));
    for (std::size_t i = 0; i < labels.size(); ++i) extents[labels[i]] = std::max(extents[labels[i]], shape[i]);
  }
  Gemm op{1, 1, 1, 1, false, false, dtype_of(input(0))};
  for (const auto& [label, extent] : extents) {
    const bool in_left = left.find(label) != std::string::npos, in_right = right.find(label) != std::string::npos;
    const bool kept = result.find(label) != std::string::npos;
    (in_left && in_right ? (kept ? op.batch : op.k) : in_left ? op.m : op.n) *= extent;
  }
  add_gemm(record_, op, gradients(0, 1));
}

using Add = void (*)(Products&);

const std::map<std::string_view, Add>& operators() {
  static const std::map<std::string_view, Add> map = {
      {"Conv", [](Products& p) { p.convolution(0, 1); }},
      {"ConvInteger", [](Products& p) { p.convolution(0, 1); }},
      {"QLinearConv", [](Products& p) { p.convolution(0, 3); }},
      {"com.microsoft.FusedConv", [](Products& p) { p.convolution(0, 1); }},
      {"ConvTranspose", [](Products& p) { p.transposed_convolution(); }},
      {"MatMul", [](Products& p) { p.matmul(0, 1); }},
      {"Gemm", [](Products& p) { p.matmul(0, 1); }},
      {"com.microsoft.FusedMatMul", [](Products& p) { p.matmul(0, 1); }},
      {"MatMulInteger", [](Products& p) { p.matmul(0, 1); }},
      {"com.microsoft.MatMulIntegerToFloat", [](Products& p) { p.matmul(0, 1); }},
      {"com.microsoft.DynamicQuantizeMatMul", [](Products& p) { p.matmul(0, 1); }},
      {"QLinearMatMul", [](Products& p) { p.matmul(0, 3); }},
      {"LSTM", [](Products& p) { p.recurrent(4); }},
      {"GRU", [](Products& p) { p.recurrent(3); }},
      {"RNN", [](Products& p) { p.recurrent(1); }},
      {"Einsum", [](Products& p) { p.einsum(); }},
  };
  return map;
}

}  // namespace

bool is_product(std::string_view op) { return operators().contains(op); }

void add_products(NetworkNodeRecord& record, const OnnxGraph& graph, const OnnxNode& node,
                  const std::function<bool(const std::string& input)>& needs_gradient) {
  Products products(record, graph, node, needs_gradient);
  try {
    operators().find(node.op)->second(products);
  } catch (const CaseError& error) {
    const std::string what = error.what();
    if (what.starts_with(node.op)) throw;
    throw CaseError(fmt::format("{} \"{}\": {}", node.op, node.name, what));
  }
}

}  // namespace whygpu::networks
