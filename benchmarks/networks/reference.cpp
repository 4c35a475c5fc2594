#include "benchmarks/networks/reference.h"

#include <algorithm>

#include "backends/dtypes.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {

Reference::Reference(const ComputeGraph& graph, Rounding rounding)
    : graph_(graph), rounding_(rounding), storage_(graph.values.size()) {
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    if (graph.values[i].whole == kNone) storage_[i].resize(static_cast<std::size_t>(graph.values[i].spec.elements()));
  }
  for (const Filled& filled : graph.filled) {
    for (double& x : values(filled.value)) x = filled.fill;
  }
}

void Reference::set_weights(std::span<const double> weights) {
  std::ranges::copy(weights, values(graph_.weights).begin());
  copy_weights();
}

void Reference::copy_weights() {
  if (rounding_ == Rounding::none || graph_.copies == kNone) return;
  std::ranges::copy(values(graph_.weights), values(graph_.copies).begin());
  round(graph_.copies);
}

std::span<double> Reference::values(Value value) {
  // Without rounding, products read the f32 weights directly.
  const Place where = place(graph_, value);
  const bool shared = rounding_ == Rounding::none && where.root == graph_.copies;
  auto& root = storage_[static_cast<std::size_t>(shared ? graph_.weights : where.root)];
  return std::span(root).subspan(static_cast<std::size_t>(where.offset),
                                 static_cast<std::size_t>(graph_.spec(value).elements()));
}

void Reference::round(Value value) {
  if (rounding_ == Rounding::none || graph_.spec(value).dtype != DType::bf16) return;
  for (double& x : values(value)) x = static_cast<float>(BFloat16(static_cast<float>(x)));
}

void Reference::run(Phase phase) {
  std::vector<double*> arguments;
  for (const Node& node : graph_.nodes) {
    if (node.phase != phase) continue;
    arguments.clear();
    for (const Value value : node.arguments) {
      round(value);  // a batch, from any source
      arguments.push_back(values(value).data());
    }
    run_reference(node.op, arguments);
    for (const Value value : node.arguments) round(value);
  }
  if (phase == Phase::update) copy_weights();
}

}  // namespace whygpu::networks
