// Builds a graph and its derivative. Every layer appends its operations and leaves its derivative on the tape;
// differentiate() runs the derivatives in reverse order.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backends/layers/graph.h"
#include "backends/layers/kinds.h"

namespace whygpu::networks {

class Tape {
 public:
  // `products` is the dtype of GEMMs and convolutions: f32, tf32 or bf16.
  Tape(DType products, bool training) : products_(products), training_(training) {}

  DType products() const { return products_; }
  DType storage() const { return products_ == DType::bf16 ? DType::bf16 : DType::f32; }  // of their operands
  bool training() const { return training_; }
  const TensorSpec& spec(Value value) const { return graph_.spec(value); }

  void name_layer(std::string name) { layer_ = std::move(name); }
  Value batch(std::string name, TensorSpec spec);  // filled by the caller before every step
  Value filled(TensorSpec spec, double fill);      // filled once; keeps what a step does not write
  Value temporary(TensorSpec spec);
  Value part(Value whole, std::int64_t offset, TensorSpec spec);
  Weights parameter(const std::string& name, std::vector<std::int64_t> shape, double low, double high);

  void run(const NodeOp& op, std::vector<Value> arguments);
  Value cast(Value value, DType dtype);  // `value` itself if it has that dtype
  bool used(Value value) const;          // by an operation so far

  // Leaves a derivative on the tape. It may call gradient() for the values that the layer made.
  void on_backward(std::function<void()> derivative);

  // Values are identified by their index: a part does not share the gradient of its whole.
  bool wants_gradient(Value value) const { return !without_gradient_.contains(value); }
  Value gradient(Value value) const;  // throws std::logic_error if there is none
  Value take_gradient(Value value);   // the gradient so far, or kNone; the caller adds to it
  void add_gradient(Value value, Value gradient);

  // In this order: the derivatives, starting from the gradients added so far; the optimiser's step; the complete graph.
  void differentiate();
  void update(const OptimiserKind& optimiser, double learning_rate);
  ComputeGraph finish(Value input, Value target, Value output, Value loss);

 private:
  Value add(ValueInfo info);
  void set_flat_specs();

  DType products_;
  bool training_;
  ComputeGraph graph_;
  Phase phase_ = Phase::forward;
  std::string layer_;
  std::vector<std::pair<std::string, std::function<void()>>> derivatives_;
  std::map<Value, Value> gradients_;
  std::set<Value> without_gradient_;
  std::int64_t flat_ = 0;  // elements of the flat weights so far
};

}  // namespace whygpu::networks
