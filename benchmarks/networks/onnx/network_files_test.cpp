// Networks of .model files as lists of operators.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "benchmarks/networks/network_graph.h"
#include "benchmarks/networks/onnx/output_of_child.h"
#include "benchmarks/networks/onnx/products.h"
#include "benchmarks/networks/onnx/read_network.h"

namespace whygpu::networks {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

double measured_flops(const NetworkRecord& network) {
  double sum = 0;
  for (const auto& node : network.nodes) {
    for (const auto& work : node.work) sum += work.problem.empty() ? 0 : static_cast<double>(work.count) * work.flops;
  }
  return sum;
}

TEST(NetworkFiles, FlopsOfTheGraph) {
  for (const Model& model : models()) {
    if (model.name() == "gpt2-124m") continue;  // slow
    for (const bool training : {false, true}) {
      const NetworkRecord network = read_network(model.name(), {}, training);
      const Network built = model.network({});
      const ComputeGraph graph = training ? training_graph(built, DType::f32) : inference_graph(built, DType::f32);
      EXPECT_DOUBLE_EQ(measured_flops(network), flops(graph)) << model.name();
      EXPECT_EQ(network.batch, built.batch);
      EXPECT_EQ(network.nodes.size(), graph.nodes.size());
    }
  }
}

TEST(NetworkFiles, Sizes) {
  const NetworkRecord network = read_network("mlp", {.batch = 7, .dims = {{"width", 24}}}, false);
  EXPECT_EQ(network.batch, 7);
  EXPECT_THAT(network.nodes[0].work[0].problem, HasSubstr("m=7"));
  EXPECT_THROW(read_network("mlp", {.batch = {}, .dims = {{"height", 2}}}, false), CaseError);
  EXPECT_THROW(read_network("mpl", {}, false), CaseError);
  EXPECT_THROW(read_network("folder/mlp.model", {}, false), CaseError);
}

TEST(NetworkFiles, ModelFile) {
  const auto path = std::filesystem::path(testing::TempDir()) / "tiny.model";
  std::ofstream(path) << "size batch 3\ncheck batch=2\nvector features=8\ndense units=16\nmean_square\n"
                         "train optimiser=sgd learning_rate=0.1\n";
  const NetworkRecord network = read_network(path.string(), {}, false);
  EXPECT_EQ(network.name, "tiny");
  EXPECT_EQ(network.nodes[0].work[0].problem, "gemm m=3 n=16 k=8 trans=nt");
  std::filesystem::remove(path);
}

TEST(Products, GradientsOfGemm) {
  const auto problems = [](const Gemm& gemm) {
    NetworkNodeRecord node;
    add_gemm(node, gemm, {true, true});
    std::vector<std::string> result;
    for (const auto& work : node.work) result.push_back(work.problem);
    return result;
  };
  EXPECT_THAT(problems({2, 3, 5}),
              ElementsAre("gemm m=2 n=3 k=5", "gemm m=2 n=5 k=3 trans=nt", "gemm m=5 n=3 k=2 trans=tn"));
  EXPECT_THAT(problems({2, 3, 5, 1, false, true}),
              ElementsAre("gemm m=2 n=3 k=5 trans=nt", "gemm m=2 n=5 k=3", "gemm m=3 n=5 k=2 trans=tn"));
  EXPECT_THAT(problems({2, 3, 5, 1, true, false}),
              ElementsAre("gemm m=2 n=3 k=5 trans=tn", "gemm m=5 n=2 k=3 trans=nt", "gemm m=5 n=3 k=2"));
  EXPECT_THAT(problems({2, 3, 5, 1, true, true}),
              ElementsAre("gemm m=2 n=3 k=5 trans=tt", "gemm m=5 n=2 k=3 trans=tt", "gemm m=3 n=5 k=2 trans=tt"));
}

TEST(OutputOfChild, ResultsAndFailures) {
  EXPECT_EQ(output_of_child([] { return std::string(1 << 20, 'x'); }).output.size(), 1U << 20);
  EXPECT_EQ(output_of_child([] { return std::string(); }).failure, "");
  EXPECT_EQ(output_of_child([]() -> std::string { throw std::runtime_error("bad\nshape"); }).failure, "bad");
  EXPECT_THAT(output_of_child([]() -> std::string { std::abort(); }).failure, HasSubstr("it crashed"));
}

}  // namespace
}  // namespace whygpu::networks
