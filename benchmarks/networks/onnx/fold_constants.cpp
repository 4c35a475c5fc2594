#include "benchmarks/networks/onnx/fold_constants.h"

#include <algorithm>
#include <cmath>
#include <functional>
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
    return {input(index).values.begin(), input(index).values.end()};
  }

  Folded gather() const;
  Folded slice() const;
  Folded concat() const;
  Folded range() const;
  Folded filled() const;
  Folded elementwise(const std::function<double(double, double)>& f) const;
  Folded reshaped() const;

  const OnnxGraph& graph_;
  const OnnxNode& node_;
  Inputs inputs_;
};

// Of vectors and scalars; shapes have no more axes.
Folded Evaluation::gather() const {
  const Values &from = input(0).values, &indices = input(1).values;
  if (input(0).shape.size() != 1) return std::nullopt;
  SmallTensor result{input(1).shape, {}};
  for (double index : indices) {
    if (index < 0) index += static_cast<double>(from.size());
    if (index < 0 || index >= static_cast<double>(from.size())) return std::nullopt;
    result.values.push_back(from[static_cast<std::size_t>(index)]);
  }
  return result;
}

Folded Evaluation::slice() const {
  const Values& from = input(0).values;
  const Shape starts = list(1, "starts"), ends = list(2, "ends"), steps = list(4, "steps");
  const bool forward = steps.empty() || (steps.size() == 1 && steps[0] == 1);
  if (input(0).shape.size() != 1 || starts.size() != 1 || ends.size() != 1 || !forward) return std::nullopt;
  const auto size = static_cast<std::int64_t>(from.size());
  const auto place = [size](std::int64_t index) {
    return std::clamp<std::int64_t>(index < 0 ? std::max(index, -size) + size : index, 0, size);
  };
  const std::int64_t begin = place(starts[0]), end = std::max(place(ends[0]), begin);
  return SmallTensor{{end - begin}, {from.begin() + begin, from.begin() + end}};
}

Folded Evaluation::concat() const {
  SmallTensor result;
  for (const SmallTensor* part : inputs_) {
    if (part->shape.size() != 1) return std::nullopt;
    result.values.insert(result.values.end(), part->values.begin(), part->values.end());
  }
  result.shape = {static_cast<std::int64_t>(result.values.size())};
  return result;
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
