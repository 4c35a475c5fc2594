#include "benchmarks/networks/onnx/fold_constants.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>

namespace whygpu::networks {
namespace {

constexpr double kMostValues = 4096;
constexpr double kLargestInteger = 9e15;  // that a double holds exactly

using Values = std::vector<double>;
using Inputs = std::vector<const SmallTensor*>;  // null: not given
using Folded = std::optional<SmallTensor>;

double count_of(const Shape& shape) {
  double count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<double>(extent);
  return count;
}

// Slices end at the largest integer, which a double rounds up to 2⁶³.
Shape whole_numbers(const SmallTensor& tensor) {
  Shape result;
  for (const double value : tensor.values) {
    result.push_back(static_cast<std::int64_t>(std::clamp(value, -kLargestInteger, kLargestInteger)));
  }
  return result;
}

class Evaluation {
 public:
  Evaluation(const OnnxGraph& graph, const OnnxNode& node, Inputs inputs)
      : graph_(graph), node_(node), inputs_(std::move(inputs)) {}

  Folded run() const;

 private:
  const SmallTensor& input(std::size_t index) const { return *inputs_.at(index); }
  bool has(std::size_t index) const { return index < inputs_.size() && inputs_[index] != nullptr; }
  bool is_whole(const std::string& tensor) const {
    const auto& dtype = graph_.tensor(tensor).dtype;
    return dtype.starts_with('s') || dtype.starts_with('u');
  }

  // A list attribute of older operator sets, an input of newer ones.
  Shape list(std::size_t index, std::string_view attribute) const {
    if (!has(index)) return node_.list(attribute, {});
    return whole_numbers(input(index));
  }

  Folded gather() const;
  Folded slice() const;
  Folded concat() const;
  Folded transpose() const;
  Folded range() const;
  Folded filled() const;
  Folded elementwise(const std::function<double(double, double)>& f) const;
  Folded reshaped() const;

  const OnnxGraph& graph_;
  const OnnxNode& node_;
  Inputs inputs_;
};

std::optional<std::size_t> axis_of(std::int64_t axis, std::size_t rank) {
  const auto axes = static_cast<std::int64_t>(rank);
  if (axis < -axes || axis >= axes) return std::nullopt;
  return static_cast<std::size_t>(axis < 0 ? axis + axes : axis);
}

// 0, 1, … count - 1.
Shape indices_below(std::size_t count) {
  Shape indices(count);
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

// The elements of `from` at places[axis] of each axis, with the axes in this order.
Folded pick(const SmallTensor& from, const std::vector<Shape>& places, const Shape& axes) {
  const std::size_t rank = from.shape.size();
  Shape strides(rank, 1);
  for (std::size_t d = rank; d > 1; --d) strides[d - 2] = strides[d - 1] * from.shape[d - 1];
  double count = 1;
  for (const Shape& axis : places) count *= static_cast<double>(axis.size());
  if (!(count <= kMostValues)) return std::nullopt;
  SmallTensor result;
  Shape offsets = {0};
  for (const std::int64_t number : axes) {
    const auto axis = static_cast<std::size_t>(number);
    result.shape.push_back(static_cast<std::int64_t>(places[axis].size()));
    Shape next;
    for (const std::int64_t offset : offsets) {
      for (const std::int64_t place : places[axis]) next.push_back(offset + place * strides[axis]);
    }
    offsets = std::move(next);
  }
  for (const std::int64_t offset : offsets) result.values.push_back(from.values.at(static_cast<std::size_t>(offset)));
  return result;
}

std::vector<Shape> all_places(const Shape& shape) {
  std::vector<Shape> places;
  for (const std::int64_t extent : shape) {
    places.push_back(indices_below(static_cast<std::size_t>(extent)));
  }
  return places;
}

Folded Evaluation::gather() const {
  const SmallTensor& from = input(0);
  const auto axis = axis_of(node_.number("axis", 0), from.shape.size());
  if (!axis) return std::nullopt;
  auto places = all_places(from.shape);
  const std::int64_t extent = from.shape[*axis];
  places[*axis].clear();
  for (const std::int64_t index : whole_numbers(input(1))) {
    places[*axis].push_back(index < 0 ? index + extent : index);
    if (places[*axis].back() < 0 || places[*axis].back() >= extent) return std::nullopt;
  }
  auto result = pick(from, places, indices_below(from.shape.size()));
  if (!result) return std::nullopt;
  const auto at = result->shape.erase(result->shape.begin() + static_cast<std::ptrdiff_t>(*axis));
  result->shape.insert(at, input(1).shape.begin(), input(1).shape.end());
  return result;
}

Folded Evaluation::slice() const {
  const SmallTensor& from = input(0);
  const Shape starts = list(1, "starts"), ends = list(2, "ends");
  Shape axes = list(3, "axes"), steps = list(4, "steps");
  if (axes.empty()) axes = indices_below(starts.size());
  if (steps.empty()) steps.resize(starts.size(), 1);
  if (starts.size() != ends.size() || starts.size() != axes.size() || starts.size() != steps.size()) {
    return std::nullopt;
  }
  auto places = all_places(from.shape);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = axis_of(axes[i], from.shape.size());
    if (!axis || steps[i] == 0) return std::nullopt;
    const std::int64_t extent = from.shape[*axis], step = steps[i], back = step < 0 ? 1 : 0;
    const auto place = [&](std::int64_t index) {
      return std::clamp<std::int64_t>(index < 0 ? std::max(index, -extent - 1) + extent : index, -back, extent - back);
    };
    places[*axis].clear();
    const std::int64_t end = place(ends[i]);
    for (std::int64_t at = place(starts[i]); step > 0 ? at < end : at > end;) {
      places[*axis].push_back(at);
      if (std::abs(static_cast<double>(step)) > static_cast<double>(extent)) break;
      at += step;
    }
  }
  return pick(from, places, indices_below(from.shape.size()));
}

Folded Evaluation::concat() const {
  const auto axis = axis_of(node_.number("axis", 0), input(0).shape.size());
  if (!axis) return std::nullopt;
  SmallTensor result{input(0).shape, {}};
  result.shape[*axis] = 0;
  for (const SmallTensor* part : inputs_) {
    if (part->shape.size() != result.shape.size()) return std::nullopt;
    for (std::size_t d = 0; d < result.shape.size(); ++d) {
      if (d != *axis && part->shape[d] != result.shape[d]) return std::nullopt;
    }
    result.shape[*axis] += part->shape[*axis];
  }
  const auto first = result.shape.begin(), split = first + static_cast<std::ptrdiff_t>(*axis);
  const auto rows = static_cast<std::ptrdiff_t>(count_of({first, split}));
  for (std::ptrdiff_t row = 0; row < rows; ++row) {
    for (const SmallTensor* part : inputs_) {
      const auto size = static_cast<std::ptrdiff_t>(part->values.size()) / rows;
      const auto begin = part->values.begin() + row * size;
      result.values.insert(result.values.end(), begin, begin + size);
    }
  }
  return result;
}

Folded Evaluation::transpose() const {
  const SmallTensor& from = input(0);
  const Shape all = indices_below(from.shape.size());
  Shape order = node_.list("perm", {});
  if (order.empty()) order.assign(all.rbegin(), all.rend());
  if (!std::ranges::is_permutation(order, all)) return std::nullopt;
  return pick(from, all_places(from.shape), order);
}

Folded Evaluation::range() const {
  const double start = input(0).values.at(0), limit = input(1).values.at(0), step = input(2).values.at(0);
  const double count = step == 0 ? -1 : std::max(std::ceil((limit - start) / step), 0.0);
  if (!(count >= 0 && count <= kMostValues)) return std::nullopt;
  SmallTensor result{{static_cast<std::int64_t>(count)}, {}};
  for (int i = 0; i < static_cast<int>(count); ++i) result.values.push_back(start + i * step);
  return result;
}

// ConstantOfShape and Expand.
Folded Evaluation::filled() const {
  const bool expand = node_.op == "Expand";
  if (expand && input(0).values.size() != 1) return std::nullopt;
  const Values& extents = input(expand ? 1 : 0).values;
  SmallTensor result{{extents.begin(), extents.end()}, {}};
  const double count = count_of(result.shape);
  if (!(count >= 0 && count <= kMostValues)) return std::nullopt;
  const double value = expand ? input(0).values[0] : static_cast<double>(node_.number("value", 0));
  result.values.assign(static_cast<std::size_t>(count), value);
  return result;
}

Folded Evaluation::elementwise(const std::function<double(double, double)>& f) const {
  const SmallTensor &a = input(0), &b = has(1) ? input(1) : input(0);
  const std::size_t count = std::max(a.values.size(), b.values.size());
  const auto fits = [count](const SmallTensor& t) { return t.values.size() == count || t.values.size() == 1; };
  if (!fits(a) || !fits(b) || a.values.empty() || b.values.empty()) return std::nullopt;
  SmallTensor result{a.shape.size() > b.shape.size() || a.values.size() > b.values.size() ? a.shape : b.shape, {}};
  for (std::size_t i = 0; i < count; ++i) {
    result.values.push_back(f(a.values[a.values.size() == 1 ? 0 : i], b.values[b.values.size() == 1 ? 0 : i]));
  }
  return result;
}

// The same numbers in another shape.
Folded Evaluation::reshaped() const {
  const auto& shape = graph_.tensor(node_.outputs[0]).shape;
  if (!shape || count_of(*shape) != static_cast<double>(input(0).values.size())) return std::nullopt;
  return SmallTensor{*shape, input(0).values};
}

Folded Evaluation::run() const {
  const bool whole = is_whole(node_.outputs[0]);
  using Two = std::function<double(double, double)>;
  static const std::map<std::string_view, Two> arithmetic = {
      {"Add", std::plus<>()},
      {"Sub", std::minus<>()},
      {"Mul", std::multiplies<>()},
      {"Mod", [](double a, double b) { return a - b * std::floor(a / b); }},
      {"Pow", [](double a, double b) { return std::pow(a, b); }},
      {"Min", [](double a, double b) { return std::min(a, b); }},
      {"Max", [](double a, double b) { return std::max(a, b); }},
      {"Equal", std::equal_to<>()},
      {"Greater", std::greater<>()},
      {"Less", std::less<>()},
      {"GreaterOrEqual", std::greater_equal<>()},
      {"LessOrEqual", std::less_equal<>()},
      {"And", std::logical_and<>()},
      {"Or", std::logical_or<>()},
      {"Not", [](double a, double) { return static_cast<double>(a == 0); }},
      {"Neg", [](double a, double) { return -a; }},
      {"Abs", [](double a, double) { return std::abs(a); }},
      {"Floor", [](double a, double) { return std::floor(a); }},
      {"Ceil", [](double a, double) { return std::ceil(a); }},
      {"Sqrt", [](double a, double) { return std::sqrt(a); }},
      {"Identity", [](double a, double) { return a; }},
  };
  const std::string& op = node_.op;
  if (const auto found = arithmetic.find(op); found != arithmetic.end()) return elementwise(found->second);
  if (op == "Div") {
    return elementwise([whole](double a, double b) { return whole ? std::trunc(a / b) : a / b; });
  }
  if (op == "Cast") return elementwise([whole](double a, double) { return whole ? std::trunc(a) : a; });
  if (op == "Gather") return gather();
  if (op == "Slice") return slice();
  if (op == "Concat") return concat();
  if (op == "Transpose") return transpose();
  if (op == "Range") return range();
  if (op == "ConstantOfShape" || op == "Expand") return filled();
  if (op == "Squeeze" || op == "Unsqueeze" || op == "Reshape" || op == "Flatten") return reshaped();
  if (op == "Where" && input(0).values.size() == input(1).values.size() &&
      input(0).values.size() == input(2).values.size()) {
    SmallTensor result = input(1);
    for (std::size_t i = 0; i < result.values.size(); ++i) {
      if (input(0).values[i] == 0) result.values[i] = input(2).values[i];
    }
    return result;
  }
  if (op == "ReduceProd") {
    double product = 1;
    for (const double value : input(0).values) product *= value;
    const auto& shape = graph_.tensor(node_.outputs[0]).shape;
    if (!shape || count_of(*shape) != 1) return std::nullopt;
    return SmallTensor{*shape, {product}};
  }
  return std::nullopt;
}

Folded shape_of(const OnnxGraph& graph, const OnnxNode& node) {
  const auto& shape = graph.tensor(node.inputs[0]).shape;
  if (!shape) return std::nullopt;
  if (node.op == "Size") return SmallTensor{{}, {count_of(*shape)}};
  const auto rank = static_cast<std::int64_t>(shape->size());
  const auto place = [rank](std::int64_t axis) {
    return std::clamp<std::int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  const std::int64_t begin = place(node.number("start", 0)), end = std::max(place(node.number("end", rank)), begin);
  return SmallTensor{{end - begin}, {shape->begin() + begin, shape->begin() + end}};
}

Folded evaluate(const OnnxGraph& graph, const OnnxNode& node, const SmallTensors& known) {
  if (node.op == "Shape" || node.op == "Size") return node.inputs.size() == 1 ? shape_of(graph, node) : std::nullopt;
  Inputs inputs;
  for (const auto& name : node.inputs) {
    const auto found = known.find(name);
    if (!name.empty() && found == known.end()) return std::nullopt;
    inputs.push_back(name.empty() ? nullptr : &found->second);
  }
  if (inputs.empty() || std::ranges::find(inputs, nullptr) != inputs.end()) return std::nullopt;
  return Evaluation(graph, node, std::move(inputs)).run();
}

bool fits(const SmallTensor& tensor) {
  return tensor.values.size() <= kMostValues && count_of(tensor.shape) == static_cast<double>(tensor.values.size()) &&
         std::ranges::all_of(tensor.values, [](double value) { return std::abs(value) <= kLargestInteger; });
}

}  // namespace

void fold_constants(const OnnxGraph& graph, SmallTensors& known) {
  for (const OnnxNode& node : graph.nodes) {
    if (node.outputs.size() != 1 || known.contains(node.outputs[0])) continue;
    try {
      if (auto result = evaluate(graph, node, known); result && fits(*result)) {
        known.emplace(node.outputs[0], std::move(*result));
      }
    } catch (const std::out_of_range&) {  // too few inputs
    }
  }
}

}  // namespace whygpu::networks
