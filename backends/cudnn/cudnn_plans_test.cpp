// How plans are found, with a fake cuDNN.
#include "backends/cudnn/plans.h"

#include <gmock/gmock.h>

#include "backends/cudnn/cudnn_fake.h"

namespace whygpu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::size_t kMemory = 1 << 20;

// A cuDNN without engines at the start of each test, and without leaks at its end.
class CudnnPlans : public ::testing::Test {
 protected:
  CudnnPlans() { cudnn_fake() = {}; }
  ~CudnnPlans() override { EXPECT_EQ(cudnn_fake().alive, 0); }

  static Convolution convolution(Pass pass, DType dtype) {
    return {.pass = pass, .n = 2, .c = 16, .h = 8, .w = 8, .k = 32, .r = 3, .s = 3, .dtype = dtype};
  }
  static Plans plan(const Convolution& conv, std::size_t count) {
    return plan_convolution(nullptr, conv, count, kMemory);
  }
  static Support supports(const Convolution& conv) { return supports_convolution(nullptr, conv, kMemory); }

  const Convolution forward = convolution(Pass::forward, DType::bf16);
  const Convolution weights = convolution(Pass::backward_weights, DType::bf16);
};

std::vector<FakeEngine> refusing(std::int64_t count) {
  std::vector<FakeEngine> engines;
  for (std::int64_t i = 0; i < count; ++i) engines.push_back({.index = i, .plans = false});
  return engines;
}

TEST_F(CudnnPlans, UnsupportedWithCudnnsWords) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = refusing(3);
  cudnn_fake().words = "no kernel for sm_90";
  const Support support = supports(forward);
  EXPECT_FALSE(support);
  EXPECT_EQ(support.reason,
            "cuDNN can run none of the 3 engines that it proposes: planning engine 0 (knobs 2=0): "
            "CUDNN_STATUS_NOT_SUPPORTED: no kernel for sm_90");
  EXPECT_THAT(cudnn_fake().planned, ElementsAre(0, 1, 2));
}

TEST_F(CudnnPlans, AfterManyRefusals) {
  auto& engines = cudnn_fake().engines[CUDNN_HEUR_MODE_A] = refusing(40);
  engines.push_back({.index = 99});
  EXPECT_TRUE(supports(forward));
  const Plans found = plan(forward, 1);
  ASSERT_EQ(found.plans.size(), 1U);
  EXPECT_EQ(found.refused, 40U);
  EXPECT_THAT(found.plans[0].description, StartsWith("engine 99 (knobs 2=0) from heuristic A"));
}

TEST_F(CudnnPlans, OtherHeuristicsInTurn) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = refusing(2);
  cudnn_fake().engines[CUDNN_HEUR_MODE_FALLBACK] = {{.index = 7}};
  const Plans found = plan(forward, 1);
  EXPECT_THAT(cudnn_fake().asked, ElementsAre(CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_B, CUDNN_HEUR_MODE_FALLBACK));
  EXPECT_THAT(found.plans[0].description, HasSubstr("engine 7 (knobs 2=0) from fallback list"));
}

TEST_F(CudnnPlans, FirstThatWorks) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3}, {.index = 4}};
  EXPECT_EQ(plan(forward, 1).plans.size(), 1U);
  EXPECT_THAT(cudnn_fake().planned, ElementsAre(3));
  EXPECT_THAT(cudnn_fake().asked, ElementsAre(CUDNN_HEUR_MODE_A));
}

TEST_F(CudnnPlans, SameProposalOnce) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3}, {.index = 3, .knob = 5}};
  cudnn_fake().engines[CUDNN_HEUR_MODE_B] = {{.index = 3, .knob = 5}, {.index = 6}};
  EXPECT_EQ(plan(forward, 16).plans.size(), 3U);
  EXPECT_THAT(cudnn_fake().planned, ElementsAre(3, 3, 6));
}

TEST_F(CudnnPlans, LargeWorkspaceRefused) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3, .workspace = kMemory + 1},
                                             {.index = 4, .workspace = kMemory}};
  EXPECT_THAT(plan(forward, 16).plans, ::testing::SizeIs(1));
  cudnn_fake().engines[CUDNN_HEUR_MODE_A].pop_back();
  EXPECT_THAT(supports(forward).reason, HasSubstr("needs a workspace of 1048577 B"));
}

TEST_F(CudnnPlans, OtherArithmeticRefused) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3, .notes = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}}};
  EXPECT_TRUE(supports(convolution(Pass::forward, DType::tf32)));
  const Support support = supports(convolution(Pass::forward, DType::f32));
  EXPECT_EQ(support.reason, "cuDNN proposes no engine that computes this in f32");
}

TEST_F(CudnnPlans, NoProposal) {
  EXPECT_THAT(supports(forward).reason, HasSubstr("this heuristic knows no engine"));
  EXPECT_THAT(cudnn_fake().planned, IsEmpty());
}

TEST_F(CudnnPlans, EmptyProposal) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {};
  cudnn_fake().words = "channels % 2 != 0";
  EXPECT_EQ(supports(forward).reason, "cuDNN proposes no engine for this: channels % 2 != 0");
}

TEST_F(CudnnPlans, NarrowResultDirectly) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3}};
  EXPECT_THAT(plan(forward, 1).plans[0].description, Not(HasSubstr("identity")));
  ASSERT_EQ(cudnn_fake().graphs.size(), 1U);
  EXPECT_EQ(cudnn_fake().graphs[0].operations, 1);
  EXPECT_EQ(cudnn_fake().graphs[0].written, CUDNN_DATA_BFLOAT16);
}

TEST_F(CudnnPlans, WideGradientByIdentity) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3}};
  EXPECT_THAT(plan(weights, 1).plans[0].description, HasSubstr("; f32 result by a fused identity operation"));
  const FakeGraph& graph = cudnn_fake().graphs.at(0);
  EXPECT_EQ(graph.operations, 2);
  EXPECT_TRUE(graph.is_virtual);
  EXPECT_EQ(graph.intermediate, CUDNN_DATA_FLOAT);
  EXPECT_EQ(graph.written, CUDNN_DATA_FLOAT);
}

TEST_F(CudnnPlans, WideIntegersByIdentity) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3}};
  EXPECT_THAT(plan(convolution(Pass::forward, DType::s8), 1).plans[0].description,
              HasSubstr("; s32 result by a fused identity operation"));
  EXPECT_EQ(cudnn_fake().graphs.at(0).intermediate, CUDNN_DATA_INT32);
  EXPECT_EQ(cudnn_fake().graphs.at(0).written, CUDNN_DATA_INT32);
}

TEST_F(CudnnPlans, WideGradientDirectlyIfIdentityRefused) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3}};
  cudnn_fake().refuses_identity = true;
  EXPECT_TRUE(supports(weights));
  EXPECT_THAT(plan(weights, 1).plans[0].description, Not(HasSubstr("identity")));
}

// An odd number of channels, for example.
TEST_F(CudnnPlans, WidenedIfNothingElse) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3, .notes = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}}, {.index = 4}};
  cudnn_fake().reads_f32_only = true;
  const Plans found = plan(weights, 16);
  ASSERT_EQ(found.plans.size(), 2U);
  EXPECT_EQ(found.plans[0].form, Form::widened);
  EXPECT_THAT(found.plans[0].description, HasSubstr("; inputs widened to f32 first, by whygpu"));
  const FakeGraph& graph = cudnn_fake().graphs.back();
  EXPECT_EQ(graph.operations, 1);
  EXPECT_EQ(graph.read, CUDNN_DATA_FLOAT);
  EXPECT_EQ(graph.written, CUDNN_DATA_FLOAT);
}

// Widening would change the library's own arithmetic where it writes 16 bits, and that of integers.
TEST_F(CudnnPlans, NeverWidenedOtherwise) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3}};
  cudnn_fake().reads_f32_only = true;
  EXPECT_THAT(supports(forward).reason, HasSubstr("inputs must be f32"));
  EXPECT_FALSE(supports(convolution(Pass::forward, DType::s8)));
}

TEST_F(CudnnPlans, InputsOfTheirOwnTypeFirst) {
  cudnn_fake().engines[CUDNN_HEUR_MODE_A] = {{.index = 3}};
  plan(weights, 1);
  EXPECT_EQ(plan(weights, 1).plans[0].form, Form::identity);
  EXPECT_EQ(cudnn_fake().graphs[0].read, CUDNN_DATA_BFLOAT16);
}

}  // namespace
}  // namespace whygpu
