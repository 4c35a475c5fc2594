#include "benchmarks/networks/graph.h"

namespace whygpu::training {
namespace {

double flops(const Op& op) {
  if (const auto* g = std::get_if<Gemm>(&op)) return 2.0 * g->m * g->n * g->k * g->batch;
  if (const auto* c = std::get_if<Convolution>(&op)) {
    return 2.0 * c->n * c->p() * c->q() * c->k * (c->c / c->groups) * c->r * c->s;
  }
  return 0;
}

}  // namespace

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

}  // namespace whygpu::training
