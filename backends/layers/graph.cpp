#include "backends/layers/graph.h"

namespace whygpu::networks {
namespace {

double flops(const NodeOp& op) {
  if (const auto* gemm = std::get_if<Gemm>(&op)) return gemm->flops();
  if (const auto* convolution = std::get_if<Convolution>(&op)) return convolution->flops();
  return 0;
}

}  // namespace

std::string_view name_of(const NodeOp& op) {
  if (const auto* layer = std::get_if<Layer>(&op)) return layer->name();
  return std::holds_alternative<Gemm>(op) ? "gemm" : "convolution";
}

std::int64_t ComputeGraph::parameter_count() const {
  std::int64_t count = 0;
  for (const TrainedParameter& parameter : parameters) count += spec(parameter.weights).elements();
  return count;
}

double flops(const ComputeGraph& graph) {
  double sum = 0;
  for (const Node& node : graph.nodes) sum += flops(node.op);
  return sum;
}

double flops(const ComputeGraph& graph, Phase phase) {
  double sum = 0;
  for (const Node& node : graph.nodes) sum += node.phase == phase ? flops(node.op) : 0;
  return sum;
}

Place place(const ComputeGraph& graph, Value value) {
  Place where{value, 0};
  for (;;) {
    const ValueInfo& info = graph.values[static_cast<std::size_t>(where.root)];
    if (info.whole == kNone) return where;
    where = {info.whole, where.offset + info.offset};
  }
}

}  // namespace whygpu::networks
