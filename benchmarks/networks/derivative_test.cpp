// Tests the derivative of every model against finite differences in float64.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/layers/attention/attention.h"
#include "benchmarks/networks/check.h"
#include "benchmarks/networks/network_graph.h"

namespace whygpu::networks {
namespace {

Network checked(const Model& model) { return model.network(model.check_sizes()); }

class Derivative : public testing::TestWithParam<std::string> {};

TEST_P(Derivative, MatchesFiniteDifferences) {
  const Network network = checked(find_model(GetParam()));
  EXPECT_EQ(check_derivative(network, training_graph(network, DType::f32)), "");
}

TEST_P(Derivative, LossDecreases) {
  const Network network = checked(find_model(GetParam()));
  const std::vector<double> losses = reference_losses(network, training_graph(network, DType::f32), kCheckedSteps);
  EXPECT_EQ(check_falling(losses), "") << testing::PrintToString(losses);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Model& model : models()) all.push_back(model.name());
  return all;
}

INSTANTIATE_TEST_SUITE_P(Models, Derivative, testing::ValuesIn(names()), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(Derivative, PlantedError) {
  const Network network = checked(find_model("gpt-block"));
  ComputeGraph graph = training_graph(network, DType::f32);
  for (Node& node : graph.nodes) {
    const auto* layer = std::get_if<Layer>(&node.op);
    if (layer == nullptr || layer->get<CausalSoftmaxGradient>() == nullptr) continue;
    CausalSoftmaxGradient changed = *layer->get<CausalSoftmaxGradient>();
    changed.scale *= 1.01;
    node.op = changed;
  }
  EXPECT_THAT(check_derivative(network, graph), testing::HasSubstr("layer_norm 1 gamma: the gradient along"));
}

// Omits each operation of the backward pass in turn: the check must notice every one.
TEST_P(Derivative, BackwardOperationsNeeded) {
  const Network network = checked(find_model(GetParam()));
  const ComputeGraph whole = training_graph(network, DType::f32);
  for (std::size_t i = 0; i < whole.nodes.size(); ++i) {
    if (whole.nodes[i].phase != Phase::backward) continue;
    ComputeGraph graph = whole;
    graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_NE(check_derivative(network, graph), "") << "without node " << i << ", of " << whole.nodes[i].layer;
  }
}

}  // namespace
}  // namespace whygpu::networks
