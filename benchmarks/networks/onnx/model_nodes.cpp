#include "benchmarks/networks/onnx/model_nodes.h"

#include "benchmarks/networks/network_graph.h"
#include "benchmarks/networks/onnx/products.h"

namespace whygpu::networks {
namespace {

// A layer reads and writes its arguments once; counted as one operation for each element.
void add_layer(NetworkNodeRecord& record, std::string_view pass, const Layer& layer) {
  double bytes = 0, elements = 0;
  for (const TensorSpec& spec : layer.arguments()) {
    bytes += static_cast<double>(spec.bytes());
    elements += static_cast<double>(spec.elements());
  }
  add_traffic(record, pass, bytes, elements);
}

}  // namespace

NetworkRecord network_of(std::string_view name, const Network& network, bool training) {
  const ComputeGraph graph = training ? training_graph(network, DType::f32) : inference_graph(network, DType::f32);
  NetworkRecord record{std::string(name), network.batch, training, {}};
  constexpr std::string_view kPasses[] = {"forward", "backward", "optimiser"};
  for (const Node& node : graph.nodes) {
    NetworkNodeRecord& to =
        record.nodes.emplace_back(NetworkNodeRecord{node.layer, std::string(name_of(node.op)), {}, {}});
    const std::string_view pass = kPasses[static_cast<std::size_t>(node.phase)];
    if (const auto* layer = std::get_if<Layer>(&node.op)) {
      add_layer(to, pass, *layer);
    } else if (const auto* gemm = std::get_if<Gemm>(&node.op)) {
      add_gemm(to, *gemm, {});
      to.work.back().pass = pass;
    } else {
      add_convolution(to, std::get<Convolution>(node.op), {});
      to.work.back().pass = pass;
    }
  }
  return record;
}

}  // namespace whygpu::networks
