// Tests every model on every CPU backend of this build: gradients of one step, and the losses of ten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "backends/layers/attention/attention.h"
#include "backends/layers/bias_activation/bias_activation.h"
#include "backends/loader.h"
#include "benchmarks/networks/check.h"
#include "benchmarks/networks/network_graph.h"

namespace whygpu::networks {
namespace {

void check(const std::string& name, DType products) {
  setenv("WHYGPU_BACKEND_PATH", WHYGPU_BINARY_DIR "/bin/backends", 0);
  const auto modules = find_modules();
  if (!modules.contains(name)) GTEST_SKIP() << "this build has no backend " << name;
  LoadedBackend backend(modules.at(name), {2, 0});
  for (const Model& model : models()) {
    SCOPED_TRACE(model.name());
    const Network network = model.network(model.check_sizes());
    const ComputeGraph graph = training_graph(network, products);
    if (const Support support = supports(graph, *backend); !support) {
      std::printf("%s on %s: %s\n", model.name().c_str(), name.c_str(), support.reason.c_str());
      continue;
    }
    Program program(graph, *backend);
    EXPECT_EQ(check_gradients(network, graph, program, gradient_tolerance(products)), "");
    const auto losses = backend_losses(network, graph, program, kCheckedSteps);
    EXPECT_EQ(compare_losses(losses, reference_losses(network, graph, kCheckedSteps), loss_tolerance(products)), "");
    EXPECT_EQ(check_falling(losses), "") << testing::PrintToString(losses);
  }
}

// A backward pass with an error of 2 percent in one place, as a faulty backend could have it.
void check_planted_error(DType products) {
  setenv("WHYGPU_BACKEND_PATH", WHYGPU_BINARY_DIR "/bin/backends", 0);
  LoadedBackend backend(find_modules().at("naive"), {2, 0});
  const Model& model = find_model("gpt-block");
  const Network network = model.network(model.check_sizes());
  const ComputeGraph right = training_graph(network, products);
  ComputeGraph wrong = right;
  for (Node& node : wrong.nodes) {
    const auto* layer = std::get_if<Layer>(&node.op);
    if (layer == nullptr || layer->get<CausalSoftmaxGradient>() == nullptr) continue;
    CausalSoftmaxGradient changed = *layer->get<CausalSoftmaxGradient>();
    changed.scale *= 1.02;
    node.op = changed;
  }
  Program program(wrong, *backend);
  EXPECT_THAT(check_gradients(network, right, program, gradient_tolerance(products)),
              testing::HasSubstr("the gradient of"));
}

// A backend without its own layers.
class WithoutLayers : public Backend {
 public:
  explicit WithoutLayers(Backend& real) : real_(real) {}
  std::string version() const override { return real_.version(); }
  Facts facts() const override { return {}; }
  Device& device() override { return real_.device(); }
  Support supports(const Op& op, const PrepareOptions& options) const override { return real_.supports(op, options); }
  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    return real_.prepare(op, options);
  }

 private:
  Backend& real_;
};

// A backend with its own version of one layer.
class WithOwnLayer final : public WithoutLayers, public LayerKernels {
 public:
  explicit WithOwnLayer(Backend& real) : WithoutLayers(real), kernels_(load_layer_kernels(real.device())) {}
  using WithoutLayers::prepare;
  LayerKernels* layers() override { return this; }
  std::unique_ptr<Operation> prepare(const Layer& layer) override {
    return layer.name() == "bias_activation" ? kernels_->prepare(layer) : nullptr;
  }

 private:
  std::unique_ptr<LayerKernels> kernels_;
};

TEST(NodeTimes, BackendLayer) {
  setenv("WHYGPU_BACKEND_PATH", WHYGPU_BINARY_DIR "/bin/backends", 0);
  LoadedBackend naive(find_modules().at("naive"), {1, 0});
  const Model& model = find_model("mlp");
  const Network network = model.network(model.check_sizes());
  const ComputeGraph graph = training_graph(network, DType::f32);
  WithOwnLayer backend(*naive);
  const auto owners = [&](Backend& runs) {
    Program program(graph, runs);
    program.reset();
    program.load(make_batch(network, graph, 0));
    std::map<std::string_view, CodeOwner> owners;
    for (const NodeTime& node : program.time_nodes(2)) owners[node.operation] = node.owner;
    return owners;
  };
  const auto plain = owners(*naive), own = owners(backend);
  EXPECT_EQ(plain.at("gemm"), CodeOwner::backend);
  EXPECT_EQ(plain.at("bias_activation"), CodeOwner::layers);
  EXPECT_EQ(own.at("bias_activation"), CodeOwner::backend);
  EXPECT_EQ(own.at("bias_activation_gradient"), CodeOwner::layers);
}

// Two products with bias and relu in place become one operation each; the third, with bias alone, too.
TEST(Program, FusesWhatTheBackendCan) {
  setenv("WHYGPU_BACKEND_PATH", WHYGPU_BINARY_DIR "/bin/backends", 0);
  LoadedBackend simd(find_modules().at("simd"), {1, 0});
  WithoutLayers apart(*simd);
  const Model& model = find_model("mlp");
  const Network network = model.network(model.check_sizes());
  const ComputeGraph graph = training_graph(network, DType::f32);
  Program fused(graph, *simd), plain(graph, apart);
  EXPECT_EQ(fused.time_nodes(1).size() + 3, plain.time_nodes(1).size());
  EXPECT_EQ(plain.time_nodes(1).size(), graph.nodes.size());
  EXPECT_THAT(fused.implementation(), testing::HasSubstr("bias and relu on parts of the result"));
  std::vector<std::size_t> nodes;
  fused.enqueue([&](std::size_t node) { nodes.push_back(node); });
  ASSERT_EQ(nodes.size(), graph.nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) EXPECT_EQ(nodes[i], i);
}

// The derivative reads the product before gelu again; here relu, which the backend could fuse, stands in its place.
TEST(Program, KeepsAResultThatIsReadAgain) {
  setenv("WHYGPU_BACKEND_PATH", WHYGPU_BINARY_DIR "/bin/backends", 0);
  LoadedBackend simd(find_modules().at("simd"), {1, 0});
  const Model& model = find_model("gpt-block");
  const Network network = model.network(model.check_sizes());
  ComputeGraph graph = training_graph(network, DType::f32);
  std::size_t gelu = 0;
  for (Node& node : graph.nodes) {
    const auto* layer = std::get_if<Layer>(&node.op);
    const auto* bias = layer != nullptr ? layer->get<BiasActivation>() : nullptr;
    if (bias == nullptr || bias->activation != Activation::gelu) continue;
    BiasActivation changed = *bias;
    changed.activation = Activation::relu;
    node.op = changed;
    ++gelu;
  }
  ASSERT_EQ(gelu, 1U);
  EXPECT_EQ(Program(graph, *simd).time_nodes(1).size(), graph.nodes.size() - 3);
}

TEST(Training, PlantedErrorF32) { check_planted_error(DType::f32); }
TEST(Training, PlantedErrorBf16) { check_planted_error(DType::bf16); }

TEST(Training, NaiveF32) { check("naive", DType::f32); }
TEST(Training, NaiveBf16) { check("naive", DType::bf16); }
TEST(Training, OpenBlasF32) { check("openblas", DType::f32); }
TEST(Training, BlisF32) { check("blis", DType::f32); }
TEST(Training, XsmmF32) { check("xsmm", DType::f32); }
TEST(Training, SimdF32) { check("simd", DType::f32); }
TEST(Training, OneDnnF32) { check("onednn", DType::f32); }
TEST(Training, OneDnnBf16) { check("onednn", DType::bf16); }

}  // namespace
}  // namespace whygpu::networks
