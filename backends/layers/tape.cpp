#include "backends/layers/tape.h"

#include <algorithm>
#include <stdexcept>

#include "backends/layers/add/add.h"
#include "backends/layers/permute/permute.h"

namespace whygpu::networks {
namespace {

// Parameters are cache line aligned in both f32 and bf16.
constexpr std::int64_t kAlignment = 32;

constexpr double kMostElements = 281474976710656;

// tf32 is a way to multiply, not to store.
DType stored(DType dtype) { return dtype == DType::tf32 ? DType::f32 : dtype; }

}  // namespace

Value Tape::add(ValueInfo info) {
  double elements = 1;
  for (const std::int64_t extent : info.spec.shape) elements *= static_cast<double>(extent);
  if (elements > kMostElements) throw std::invalid_argument("a tensor of more than 2^48 elements");
  graph_.values.push_back(std::move(info));
  return static_cast<Value>(graph_.values.size()) - 1;
}

Value Tape::batch(std::string name, TensorSpec spec) {
  const Value value = add({std::move(spec), std::move(name), kNone, 0, true});
  without_gradient_.insert(value);
  return value;
}

Value Tape::filled(TensorSpec spec, double fill) {
  const Value value = add({std::move(spec), layer_, kNone, 0, true});
  without_gradient_.insert(value);
  graph_.filled.push_back({value, fill});
  return value;
}

Value Tape::temporary(TensorSpec spec) { return add({std::move(spec), layer_, kNone, 0, false}); }

Value Tape::part(Value whole, std::int64_t offset, TensorSpec spec) {
  return add({std::move(spec), layer_, whole, offset, graph_.values[static_cast<std::size_t>(whole)].lasting});
}

Weights Tape::parameter(const std::string& name, std::vector<std::int64_t> shape, double low, double high) {
  if (graph_.weights == kNone) {
    graph_.weights = add({{}, "weights", kNone, 0, true});
    if (training_) graph_.gradients = add({{}, "gradients", kNone, 0, true});
    if (storage() == DType::bf16) graph_.copies = add({{}, "weights in bf16", kNone, 0, true});
  }
  const TensorSpec spec{DType::f32, std::move(shape)};
  Weights weights;
  weights.master = part(graph_.weights, flat_, spec);
  weights.compute =
      graph_.copies == kNone ? weights.master : part(graph_.copies, flat_, TensorSpec{DType::bf16, spec.shape});
  if (training_) weights.gradient = part(graph_.gradients, flat_, spec);
  flat_ += (spec.elements() + kAlignment - 1) / kAlignment * kAlignment;
  graph_.parameters.push_back({layer_ + " " + name, weights.master, weights.gradient,
                               graph_.copies == kNone ? kNone : weights.compute, low, high});
  return weights;
}

void Tape::run(const NodeOp& op, std::vector<Value> arguments) {
  const std::vector<TensorSpec> expected = whygpu::arguments(op);
  if (expected.size() != arguments.size()) throw std::logic_error(layer_ + ": wrong number of arguments");
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const TensorSpec& given = graph_.spec(arguments[i]);
    if (given.dtype != stored(expected[i].dtype) || given.elements() != expected[i].elements()) {
      throw std::logic_error(layer_ + ": argument " + std::to_string(i) + " of " + std::string(name_of(op)) +
                             " does not fit");
    }
  }
  graph_.nodes.push_back({op, std::move(arguments), phase_, layer_});
}

Value Tape::cast(Value value, DType dtype) {
  const TensorSpec& from = graph_.spec(value);
  if (from.dtype == dtype) return value;
  const Value result = temporary({dtype, from.shape});
  Permute op{.input = graph_.spec(value).dtype, .output = dtype};
  op.shape[4] = graph_.spec(value).elements();
  run(op, {value, result});
  return result;
}

bool Tape::used(Value value) const {
  return std::ranges::any_of(graph_.nodes, [value](const Node& node) {
    return std::ranges::find(node.arguments, value) != node.arguments.end();
  });
}

void Tape::on_backward(std::function<void()> derivative) {
  if (training_) derivatives_.emplace_back(layer_, std::move(derivative));
}

Value Tape::gradient(Value value) const {
  const auto found = gradients_.find(value);
  if (found == gradients_.end()) throw std::logic_error(layer_ + ": the result is never used");
  return found->second;
}

Value Tape::take_gradient(Value value) {
  const auto node = gradients_.extract(value);
  return node.empty() ? kNone : node.mapped();
}

void Tape::add_gradient(Value value, Value gradient) {
  if (!wants_gradient(value)) return;
  const Value before = take_gradient(value);
  if (before == kNone) {
    gradients_[value] = gradient;
    return;
  }
  const TensorSpec spec = graph_.spec(before);
  const Value sum = temporary(spec);
  run(Add{spec.elements(), spec.dtype}, {before, cast(gradient, spec.dtype), sum});
  gradients_[value] = sum;
}

void Tape::differentiate() {
  phase_ = Phase::backward;
  for (; !derivatives_.empty(); derivatives_.pop_back()) {
    layer_ = derivatives_.back().first;
    derivatives_.back().second();
  }
}

void Tape::update(const OptimiserKind& optimiser, double learning_rate) {
  phase_ = Phase::update;
  layer_ = optimiser.name;
  if (graph_.weights == kNone) throw std::invalid_argument("a network without weights cannot be trained");
  const bool copy = graph_.copies != kNone;
  set_flat_specs();
  std::vector<Value> arguments = {graph_.gradients, graph_.weights};
  for (const OptimiserKind::State& state : optimiser.state) {
    const TensorSpec spec = state.per_weight ? TensorSpec{DType::f32, {flat_}} : TensorSpec{DType::s32, {1}};
    arguments.push_back(add({spec, std::string(state.name), kNone, 0, true}));
    graph_.state.push_back(arguments.back());
  }
  if (copy) arguments.push_back(graph_.copies);
  run(optimiser.step(flat_, learning_rate, copy), std::move(arguments));
}

void Tape::set_flat_specs() {
  for (const Value whole : {graph_.weights, graph_.gradients, graph_.copies}) {
    if (whole == kNone) continue;
    TensorSpec& spec = graph_.values[static_cast<std::size_t>(whole)].spec;
    spec = {whole == graph_.copies ? DType::bf16 : DType::f32, {flat_}};
  }
}

ComputeGraph Tape::finish(Value input, Value target, Value output, Value loss) {
  set_flat_specs();
  for (const Value kept : {output, loss}) {
    if (kept != kNone) graph_.values[static_cast<std::size_t>(place(graph_, kept).root)].lasting = true;
  }
  graph_.input = input;
  graph_.target = target;
  graph_.output = output;
  graph_.loss = loss;
  return std::move(graph_);
}

}  // namespace whygpu::networks
