#include "benchmarks/networks/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/cases/case.h"
#include "benchmarks/networks/network_graph.h"

namespace whygpu::networks {
namespace {

using testing::HasSubstr;

constexpr std::string_view kHead = "size batch 8\nsize width 4\nvector features=6\n";
constexpr std::string_view kTail = "cross_entropy\ntrain optimiser=sgd learning_rate=0.1\n";

Model model(std::string_view layers) { return {"tiny", std::string(kHead) + std::string(layers) + std::string(kTail)}; }

std::string error_of(std::string_view layers) {
  try {
    model(layers);
  } catch (const CaseError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Model, Expressions) {
  const Network network =
      model("dense units=4*width/2 activation=relu\ndense units=3 # classes\n").network({{"width", 6}});
  ASSERT_EQ(network.layers.size(), 2U);
  EXPECT_EQ(network.layers[0].number("units"), 12);
  EXPECT_EQ(network.layers[0].word("activation"), "relu");
  EXPECT_EQ(network.layers[1].name, "dense 2");
  EXPECT_EQ(network.batch, 8);
}

TEST(Model, RepeatedLines) {
  const Network network = model("repeat width\ndense units=width\nrepeat 2\ndense units=1\nend\nend\n").network({});
  EXPECT_EQ(network.layers.size(), 12U);
}

TEST(Model, ErrorsNameLine) {
  EXPECT_THAT(error_of("dence units=3\n"), HasSubstr("tiny.model:4: unknown layer 'dence'; accepted: "));
  EXPECT_THAT(error_of("dense\n"), HasSubstr("tiny.model:4: dense needs units=…"));
  EXPECT_THAT(error_of("dense units=heads\n"),
              HasSubstr("'heads' is neither a positive number nor a size (batch, width)"));
  EXPECT_THAT(error_of("dense units=width/3\n"), HasSubstr("width/3 is not a whole number (4/3)"));
  EXPECT_THAT(error_of("dense units=3 activation=selu\n"),
              HasSubstr("activation is one of none, relu, gelu, not 'selu'"));
  EXPECT_THAT(error_of("dense units=3 bais=no\n"), HasSubstr("dense has no option 'bais'; options: units, activation"));
  EXPECT_THAT(error_of("dense units=3 add=x\n"), HasSubstr("no mark above this line is named 'x'"));
  EXPECT_THAT(error_of("repeat 3\ndense units=3\n"), HasSubstr("tiny.model:4: repeat without end"));
  EXPECT_THAT(error_of("end\n"), HasSubstr("end without repeat"));
  EXPECT_THAT(error_of("image height=1 width=1 channels=1\n"), HasSubstr("must be the first layer and occur once"));
}

TEST(Model, LearningRateIsANumber) {
  for (const char* rate : {"fast", "1e999", "-1", "nan", "0.1x", ""}) {
    const std::string text = std::string(kHead) + "dense units=3\nmean_square\ntrain optimiser=sgd learning_rate=";
    try {
      const Model model("tiny", text + rate + "\n");
      FAIL() << rate;
    } catch (const CaseError& error) {
      EXPECT_THAT(error.what(), HasSubstr("tiny.model:6: ")) << rate;
    }
  }
}

TEST(Model, TooLarge) {
  EXPECT_THAT(error_of("dense units=9999999999*9999999999\n"), HasSubstr("is above 1099511627776"));
  EXPECT_THAT(error_of("repeat 1000000000\ndense units=3\nend\n"), HasSubstr("more than 4096 layers"));
  EXPECT_EQ(error_of("repeat 1000000000\nrepeat 1000000000\nend\nend\ndense units=3\n"), "no error");
  const Model wide = model("dense units=1000000000000\ndense units=1000000000000\n");
  EXPECT_THROW(training_graph(wide.network({}), DType::f32), CaseError);
}

TEST(Model, SkipConnectionOfAnotherShape) {
  const Model skip = model("mark x\ndense units=3\nbatch_norm add=x\n");
  EXPECT_THROW(training_graph(skip.network({}), DType::f32), CaseError);
}

TEST(Model, NothingToTrain) {
  const Model still("tiny", std::string(kHead) + "mark x\nmean_square\ntrain optimiser=sgd learning_rate=0.1\n");
  EXPECT_THROW(training_graph(still.network({}), DType::f32), CaseError);
}

TEST(Model, UnknownSize) {
  EXPECT_THROW(find_model("mlp").network({{"length", 3}}), CaseError);
  EXPECT_THROW(find_model("resnet"), CaseError);
}

TEST(Model, IncompatibleLayers) {
  const Network network = model("convolution filters=3 kernel=3\n").network({});
  try {
    training_graph(network, DType::f32);
    FAIL() << "a convolution over a vector";
  } catch (const CaseError& error) {
    EXPECT_THAT(error.what(), HasSubstr("convolution 1: "));
  }
}

std::int64_t parameters(std::string_view name) {
  return training_graph(find_model(name).network({}), DType::f32).parameter_count();
}

TEST(Models, ParameterCounts) {
  EXPECT_EQ(parameters("mlp"), 784 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 10 + 10);
  EXPECT_GT(parameters("mlp-50m"), 50'000'000);
  EXPECT_EQ(parameters("gpt-block"), 12 * 768 * 768 + 13 * 768);
  EXPECT_EQ(parameters("gpt2-124m"), 12 * (12 * 768 * 768 + 13 * 768) + 50257 * 768 + 256 * 768 + 2 * 768);
  EXPECT_EQ(parameters("lstm"), 8 * 512 * 512 + 4 * 512);
  EXPECT_EQ(parameters("resnet-block"),
            256 * 512 + 256 * 128 + 9 * 128 * 128 + 128 * 512 + 2 * (512 + 128 + 128 + 512));
}

TEST(Models, FlopCounts) {
  const ComputeGraph graph = training_graph(find_model("mlp").network({{"batch", 2}}), DType::f32);
  const double weights = 784.0 * 4096 + 4096.0 * 4096 + 4096.0 * 10;
  EXPECT_EQ(flops(graph, Phase::forward), 2 * 2 * weights);
  EXPECT_EQ(flops(graph, Phase::backward), 2 * 2 * (2 * weights - 784.0 * 4096));  // without a gradient of the input
  EXPECT_EQ(flops(graph), flops(graph, Phase::forward) + flops(graph, Phase::backward));
}

}  // namespace
}  // namespace whygpu::networks
