// Training on OpenCL: gradients of one step, and the losses of ten, against float64. Skipped where the backend cannot
// run, as without an OpenCL platform; fails there if the environment variable CI is set.
#include <gtest/gtest.h>

#include <optional>

#include "backends/loader.h"
#include "benchmarks/networks/check.h"
#include "benchmarks/networks/network_graph.h"

namespace whygpu::networks {
namespace {

class OpenClTraining : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    setenv("WHYGPU_BACKEND_PATH", WHYGPU_BINARY_DIR "/bin/backends", 0);
    try {
      backend_.emplace(find_modules().at("opencl"), Settings{2, 0});
    } catch (const std::exception& error) {
      if (std::getenv("CI") != nullptr) FAIL() << error.what();
      GTEST_SKIP() << error.what();
    }
  }

  void check(DType products) {
    const Model& model = find_model(GetParam());
    const Network network = model.network(model.check_sizes());
    const ComputeGraph graph = training_graph(network, products);
    ASSERT_EQ(supports(graph, **backend_).reason, "");
    Program program(graph, **backend_);
    EXPECT_EQ(check_gradients(network, graph, program, gradient_tolerance(products)), "");
    const auto losses = backend_losses(network, graph, program, kCheckedSteps);
    EXPECT_EQ(compare_losses(losses, reference_losses(network, graph, kCheckedSteps), loss_tolerance(products)), "");
    EXPECT_EQ(check_falling(losses), "") << testing::PrintToString(losses);
  }

 private:
  std::optional<LoadedBackend> backend_;
};

TEST_P(OpenClTraining, F32) { check(DType::f32); }
TEST_P(OpenClTraining, Bf16) { check(DType::bf16); }

INSTANTIATE_TEST_SUITE_P(Models, OpenClTraining, testing::Values("mlp", "cnn", "lstm", "gpt-block"),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace whygpu::networks
