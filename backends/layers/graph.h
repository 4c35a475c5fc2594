// One training step, or one inference, as a list of operations over named values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backends/layers/layer.h"

namespace whygpu::networks {

// What a node computes: a backend's operation, or a layer.
using NodeOp = std::variant<Gemm, Convolution, Layer>;
std::string_view name_of(const NodeOp& op);  // "gemm", "convolution", the layer's name

// An index into ComputeGraph::values.
using Value = int;
inline constexpr Value kNone = -1;

struct ValueInfo {
  TensorSpec spec;
  std::string name;
  Value whole = kNone;      // the value that contains this one
  std::int64_t offset = 0;  // elements from the start of `whole`
  bool lasting = false;     // keeps its contents between steps
};

enum class Phase : std::uint8_t { forward, backward, update };

struct Node {
  NodeOp op;
  std::vector<Value> arguments;
  Phase phase = Phase::forward;
  std::string layer;
};

// A parameter is a part of ComputeGraph::weights, its gradient and its copy the same part of gradients and copies.
struct TrainedParameter {
  std::string name;                                       // "dense 2 weights"
  Value weights = kNone, gradient = kNone, copy = kNone;  // copy: bf16, if the products are
  double low = 0, high = 0;                               // initialised uniformly
};

struct Filled {
  Value value = kNone;
  double fill = 0;
};

// All parameters are parts of one flat value, so that one operation updates them; the gaps between them stay zero.
struct ComputeGraph {
  std::vector<ValueInfo> values;
  std::vector<Node> nodes;
  std::vector<TrainedParameter> parameters;
  std::vector<Filled> filled;                                // before the first step
  Value input = kNone, target = kNone;                       // a batch
  Value output = kNone, loss = kNone;                        // of the last layer; loss[1], if there is one
  Value weights = kNone, copies = kNone, gradients = kNone;  // copies: bf16 weights, if the products are bf16
  std::vector<Value> state;                                  // the optimiser's, zero at the start

  const TensorSpec& spec(Value value) const { return values[static_cast<std::size_t>(value)].spec; }
  std::int64_t parameter_count() const;
};

// 2mnk of every GEMM, and of every convolution as its equivalent GEMM, of one phase or of all.
double flops(const ComputeGraph& graph);
double flops(const ComputeGraph& graph, Phase phase);

// The value that holds `value`'s storage, and the position there.
struct Place {
  Value root = kNone;
  std::int64_t offset = 0;  // elements
};
Place place(const ComputeGraph& graph, Value value);

}  // namespace whygpu::networks
