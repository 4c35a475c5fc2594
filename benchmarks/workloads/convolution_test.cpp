// Tests the convolution of every CPU backend against the oracle, over odd shapes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "benchmarks/workloads/verify_cases.h"

namespace whygpu {
namespace {

const Workload& convolution() { return find_workload("convolution"); }

// ---- The backends ----

class ConvolutionBackend : public testing::TestWithParam<const char*> {
 protected:
  // Verifies every case of `line` with `threads` threads and returns the number of supported ones.
  int verify(const std::string& line, int threads) { return verify_cases(GetParam(), line, threads); }

  void SetUp() override {
    if (!std::filesystem::exists(module_of(GetParam()))) GTEST_SKIP() << GetParam() << " was not built";
  }
};

INSTANTIATE_TEST_SUITE_P(, ConvolutionBackend, testing::Values("naive", "openblas", "blis", "xsmm", "onednn", "simd"),
                         [](const auto& info) { return std::string(info.param); });

#ifdef __aarch64__
constexpr bool kIsArm = true;
#else
constexpr bool kIsArm = false;
#endif

const std::string kAllPasses = " pass=forward,backward_data,backward_weights";

TEST_P(ConvolutionBackend, OddShapes) {
  for (const std::string shape : {
           "n=2 c=16 h=9 w=11 k=24 r=3 s=3 pad=1",                     // a common layer
           "n=1 c=3 h=23 w=19 k=5 r=7 s=5 stride=2 pad=3",             // a stem
           "n=3 c=8 h=7 w=7 k=12 r=1 s=1",                             // pointwise
           "n=2 c=8 h=9 w=8 k=12 r=1 s=1 stride=2",                    // pointwise, strided
           "n=2 c=1 h=17 w=13 k=7 r=4 s=2",                            // even filter, one channel
           "n=1 c=5 h=11 w=13 k=3 r=2 s=2 stride=3",                   // stride larger than the filter
           "n=1 c=3 h=5 w=6 k=2 r=3 s=3 pad=3",                        // padding as large as the filter
           "n=2 c=4 h=17 w=16 k=6 r=3 s=3 pad=2 dilation=2",           // dilated
           "n=1 c=4 h=15 w=14 k=6 r=3 s=3 stride=2 pad=2 dilation=3",  // dilated and strided
           "n=2 c=6 h=12 w=10 k=6 r=3 s=3 pad=1 groups=6",             // depthwise
           "n=1 c=83 h=9 w=13 k=83 r=3 s=3 pad=1 groups=83",           // depthwise, more channels than vectors hold
           "n=1 c=40 h=11 w=12 k=40 r=3 s=5 stride=2 pad=2 dilation=2 groups=40",  // the same, strided and dilated
           "n=2 c=6 h=12 w=10 k=12 r=3 s=3 stride=2 pad=1 groups=6",               // depthwise, two filters per channel
           "n=1 c=12 h=9 w=9 k=8 r=3 s=3 stride=2 pad=1 groups=4",                 // grouped
           "n=1 c=4 h=10 w=13 k=6 r=3 s=2 stride_h=2 pad_w=1 dilation_w=3",        // different in the two directions
           "n=1 c=1 h=1 w=1 k=1 r=1 s=1",                                          // smallest
           "n=1 c=7 h=3 w=5 k=11 r=3 s=5",                                         // one output pixel
       }) {
    // oneDNN 2.6.3 computes dx of this one wrongly on 64-bit Arm (jit_dw:sve_512).
    if (kIsArm && GetParam() == std::string("onednn") && shape.find("groups=40") != std::string::npos) continue;
    const std::string line = "convolution " + shape + kAllPasses;
    EXPECT_EQ(verify(line, 1), 3) << shape;
    EXPECT_EQ(verify(line, 3), 3) << shape;
  }
}

TEST_P(ConvolutionBackend, SupportedDtypes) { EXPECT_GE(verify(std::string(convolution().probe()), 2), 3); }

// The kernels of instruction sets that are not this processor's best.
TEST(SimdConvolution, EveryInstructionSet) {
  if (!std::filesystem::exists(module_of("simd"))) GTEST_SKIP() << "simd was not built";
  const LoadedBackend backend(module_of("simd"), {1, 0});
  for (const std::string& variant : backend->variants(Convolution{.dtype = DType::f32})) {
    for (const std::string shape :
         {"n=2 c=16 h=9 w=11 k=24 r=3 s=3 pad=1", "n=1 c=3 h=23 w=19 k=5 r=7 s=5 stride=2 pad=3",
          "n=1 c=83 h=9 w=13 k=83 r=3 s=3 pad=1 groups=83", "n=3 c=8 h=7 w=7 k=12 r=1 s=1",
          "n=2 c=37 h=18 w=13 k=45 r=3 s=3 pad=1", "n=3 c=1024 h=11 w=11 k=52 r=1 s=1"}) {
      EXPECT_EQ(verify_cases("simd", "convolution " + shape + kAllPasses + " variant=" + variant, 2), 3)
          << variant << shape;
    }
  }
}

TEST(SimdConvolution, WinogradAtEveryEdge) {
  if (!std::filesystem::exists(module_of("simd"))) GTEST_SKIP() << "simd was not built";
  for (const std::string shape : {
           "n=1 c=32 h=4 w=4 k=32 r=3 s=3 pad=1",    // one tile
           "n=1 c=33 h=3 w=5 k=35 r=3 s=3 pad=1",    // smaller than a tile, and a little larger
           "n=2 c=64 h=13 w=14 k=33 r=3 s=3",        // no padding, and a channel more than vectors hold
           "n=1 c=47 h=9 w=6 k=100 r=3 s=3 pad=2",   // more padding than the filter needs
           "n=3 c=40 h=21 w=30 k=70 r=3 s=3 pad=1",  // several blocks of tiles, which cross images
           "n=1 c=40 h=5 w=9 k=34 r=3 s=3 pad_h=1",  // different in the two directions
       }) {
    for (const int threads : {1, 3, 8}) {
      EXPECT_EQ(verify_cases("simd", "convolution " + shape + kAllPasses + " variant=winograd", threads), 3) << shape;
    }
  }
  EXPECT_EQ(verify_cases("simd",
                         "convolution n=1 c=36 h=9 w=10 k=34 r=3 s=3 pad=1 dtype=f64 variant=winograd" + kAllPasses, 2),
            3);
}

TEST(SimdConvolution, WinogradOnlyWhereItIsPossible) {
  if (!std::filesystem::exists(module_of("simd"))) GTEST_SKIP() << "simd was not built";
  const LoadedBackend backend(module_of("simd"), {1, 0});
  const std::string layer = "convolution n=4 c=64 h=28 w=28 k=64 r=3 s=3 pad=1";
  EXPECT_THAT(implementation_of("simd", layer, 1), testing::HasSubstr("Winograd F(4×4, 3×3)"));
  EXPECT_THAT(implementation_of("simd", layer + " variant=direct", 1), testing::Not(testing::HasSubstr("Winograd")));
  const auto refusal = [&](const std::string& line) {
    return convolution().supports(parse_case("convolution " + line + " variant=winograd"), *backend).reason;
  };
  EXPECT_THAT(refusal("n=1 c=64 h=28 w=28 k=64 r=5 s=5 pad=2"), testing::HasSubstr("filters of 3×3"));
  EXPECT_THAT(refusal("n=1 c=64 h=28 w=28 k=64 r=3 s=3 pad=1 stride=2"), testing::HasSubstr("stride 1"));
  EXPECT_THAT(refusal("n=1 c=64 h=28 w=28 k=64 r=3 s=3 pad=1 groups=2"), testing::HasSubstr("one group"));
  EXPECT_THAT(refusal("n=1 c=3 h=28 w=28 k=64 r=3 s=3 pad=1"), testing::HasSubstr("fewer than 32 channels"));
  EXPECT_EQ(refusal("n=1 c=3 h=28 w=28 k=64 r=3 s=3 pad=1 pass=backward_data"), "");  // adds up 64
  EXPECT_THAT(refusal("n=1 c=4096 h=28 w=28 k=2048 r=3 s=3 pad=1"), testing::HasSubstr("more than 1 GiB"));
}

// The filters of a network are transformed on every run, those of an operation on its own when they are uploaded.
TEST(SimdConvolution, SameResultInRowMajorLayout) {
  if (!std::filesystem::exists(module_of("simd"))) GTEST_SKIP() << "simd was not built";
  const LoadedBackend backend(module_of("simd"), {2, 0});
  for (const Pass pass : {Pass::forward, Pass::backward_data, Pass::backward_weights}) {
    Convolution op{.n = 2, .c = 40, .h = 17, .w = 12, .k = 37, .r = 3, .s = 3, .pad_h = 1, .pad_w = 1};
    op.pass = pass;
    const int result = pass == Pass::forward ? 2 : pass == Pass::backward_data ? 0 : 1;
    std::vector<float> results[2];
    for (const Layout layout : {Layout::preferred, Layout::row_major}) {
      const auto operation = backend->prepare(op, {.variant = "winograd", .layout = layout});
      std::vector<std::unique_ptr<Tensor>> tensors;
      std::vector<Tensor*> arguments;
      for (int i = 0; i < 3; ++i) {
        const TensorSpec spec = op.arguments()[i];
        tensors.push_back(layout == Layout::preferred ? operation->allocate(i)
                                                      : backend->device().allocate(spec.bytes()));
        arguments.push_back(tensors.back().get());
        std::vector<float> values(spec.elements());
        for (std::size_t at = 0; at < values.size(); ++at) values[at] = static_cast<float>(at * 7 % 23) / 11 - 1;
        tensors.back()->upload(values.data());
      }
      operation->enqueue(arguments);
      std::vector<float>& values = results[layout == Layout::preferred ? 0 : 1];
      values.resize(op.arguments()[result].elements());
      tensors[result]->download(values.data());
    }
    EXPECT_EQ(results[0], results[1]) << static_cast<int>(pass);
  }
}

// More pixels than one tile, more threads than tiles, and the oracle that uses probes.
TEST_P(ConvolutionBackend, LargerLayer) {
  verify("convolution n=1 c=32 h=50 w=48 k=40 r=3 s=3 pad=1 stride=1,2" + kAllPasses, 2);
  verify("convolution n=1 c=64 h=7 w=7 k=160 r=3 s=3 pad=1" + kAllPasses, 4);
}

TEST(OneDnnConvolution, ImplementationName) {
  if (!std::filesystem::exists(module_of("onednn"))) GTEST_SKIP() << "onednn was not built";
  const LoadedBackend backend(module_of("onednn"), {1, 0});
  for (const Case& c : parse_cases("convolution n=1 c=64 h=28 w=28 k=64 r=3 s=3 pad=1 variant=winograd,direct")) {
    if (!convolution().supports(c, *backend)) continue;
    const auto trial = convolution().prepare(c, *backend);
    EXPECT_THAT(trial->implementation(), testing::StartsWith("convolution forward "));
    EXPECT_EQ(trial->implementation().find("Winograd") != std::string::npos, c["variant"] == "winograd");
    trial->load(1);
    EXPECT_EQ(trial->verify().status, Status::ok);
  }
}

// ---- The workload ----

std::string error_of(const std::string& line) {
  try {
    parse_cases(line);
  } catch (const CaseError& error) {
    return error.what();
  }
  return "";
}

TEST(ConvolutionWorkload, DirectFlopCount) {
  // 2·N·K·P·Q·(C/groups)·R·S with P = Q = 28.
  const Work work =
      convolution().work(parse_case("convolution n=2 c=64 h=56 w=56 k=128 r=3 s=3 stride=2 pad=1 groups=2 dtype=bf16"));
  EXPECT_EQ(work.flops, 2.0 * 2 * 128 * 28 * 28 * 32 * 3 * 3);
  EXPECT_EQ(work.bytes, 2.0 * (2 * 56 * 56 * 64 + 128 * 3 * 3 * 32 + 2 * 28 * 28 * 128));
}

TEST(ConvolutionWorkload, EqualFlopsInAllPasses) {
  for (const Case& c : parse_cases("convolution n=2 c=8 h=9 w=9 k=8 r=3 s=3 stride=2 pad=1" + kAllPasses)) {
    EXPECT_EQ(convolution().work(c).flops, 2.0 * 2 * 8 * 5 * 5 * 8 * 9) << c.text();
  }
}

TEST(ConvolutionWorkload, CanonicalText) {
  EXPECT_EQ(
      parse_case("convolution pass=backward_data pad=1 s=3 r=3 k=64 w=56 h=56 c=3 n=1 stride_h=2 stride=2").text(),
      "convolution n=1 c=3 h=56 w=56 k=64 r=3 s=3 stride=2 pad=1 pass=backward_data");
  const std::string asymmetric = "convolution n=1 c=3 h=56 w=56 k=64 r=3 s=3 stride_w=2 pad_h=1";
  EXPECT_EQ(parse_case(asymmetric).text(), asymmetric);
}

TEST(ConvolutionWorkload, InvalidShapeMessages) {
  EXPECT_EQ(error_of("convolution n=1 c=6 h=8 w=8 k=4 r=3 s=3 groups=4"), "groups=4 must divide c=6 and k=4");
  EXPECT_THAT(error_of("convolution n=1 c=6 h=8 w=4 k=4 r=3 s=3 dilation=2 pad_h=1"),
              testing::StartsWith("the filter is larger than the padded image: s=3 at dilation 2 covers 5, w=4"));
  EXPECT_THAT(error_of("convolution n=1 c=6 h=3000000000 w=8 k=4 r=3 s=3"), testing::StartsWith("h=3000000000: "));
  EXPECT_THAT(error_of("convolution n=2000000000 c=2000000000 h=2000000000 w=2000000000 k=1 r=1 s=1"),
              testing::HasSubstr("too large for any machine"));
  EXPECT_THAT(error_of("convolution n=1 c=20000 h=8 w=8 k=4 r=3 s=3 dtype=s8"), testing::HasSubstr("overflow the s32"));
}

// ---- The sweeps ----

TEST(ConvolutionSweeps, PublishedProblems) {
  EXPECT_EQ(load_sweep("resnet50").size(), 23U * 3 * 3 * 2);  // layers, batches, passes, dtypes
  EXPECT_EQ(load_sweep("vgg16").size(), 9U * 2 * 3 * 2);
  EXPECT_EQ(load_sweep("mobilenet").size(), (19U + 28U) * 2 * 3 * 2);
  // 90 distinct problems of training; 103 of inference, two of which are also in training.
  EXPECT_EQ(load_sweep("deepbench-conv").size(), 90U * 3 + 103 * 2 - 2);
}

TEST(ConvolutionSweeps, OddShapesCovered) {
  const auto cases = load_sweep("odd-conv");
  const auto any = [&](auto&& holds) { return std::any_of(cases.begin(), cases.end(), holds); };
  EXPECT_TRUE(any([](const Case& c) { return c.number("stride_h") > c.number("r"); }));
  EXPECT_TRUE(any([](const Case& c) { return c.number("pad_h") >= c.number("r"); }));
  EXPECT_TRUE(any([](const Case& c) { return c.number("dilation_h") > 1; }));
  EXPECT_TRUE(any([](const Case& c) { return c.number("c") == 1; }));
  EXPECT_TRUE(any([](const Case& c) { return c.number("r") % 2 == 0; }));
}

}  // namespace
}  // namespace whygpu
