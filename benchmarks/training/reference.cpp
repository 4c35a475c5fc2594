#include "benchmarks/training/reference.h"

namespace whygpu::training {

Reference::Reference(const ComputeGraph& graph) : graph_(graph), storage_(graph.values.size()) {
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    if (graph.values[i].whole == kNone) storage_[i].resize(static_cast<std::size_t>(graph.values[i].spec.elements()));
  }
  for (const Filled& filled : graph.filled) {
    for (double& x : values(filled.value)) x = filled.fill;
  }
}

std::span<double> Reference::values(Value value) {
  // Products read the f32 weights themselves: a bf16 copy is one of the roundings that the reference does not make.
  const Place where = place(graph_, value);
  auto& root = storage_[static_cast<std::size_t>(where.root == graph_.copies ? graph_.weights : where.root)];
  return std::span(root).subspan(static_cast<std::size_t>(where.offset),
                                 static_cast<std::size_t>(graph_.spec(value).elements()));
}

void Reference::run(Phase phase) {
  std::vector<double*> arguments;
  for (const Node& node : graph_.nodes) {
    if (node.phase != phase) continue;
    arguments.clear();
    for (const Value value : node.arguments) arguments.push_back(values(value).data());
    run_reference(node.op, arguments);
  }
}

}  // namespace whygpu::training
