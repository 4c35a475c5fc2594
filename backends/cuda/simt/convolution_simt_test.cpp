// Every convolution kernel against float64, on the host.
#include "backends/cuda/convolution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "backends/cuda/kernels/convolution/dense.h"
#include "backends/cuda/simt/convolution_check.h"
#include "backends/cuda/simt/simt.h"

namespace whygpu::cuda {
namespace {

constexpr Chip kAmpere{80, 3, 166912};
constexpr Chip kHopper{90, 4, 232448};

// n, c, h, w, k, r, s, stride, pad, dilation (each vertical and horizontal), groups.
struct Shape {
  std::int64_t n, c, h, w, k, r, s, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups;

  Convolution with(Pass pass, DType dtype) const {
    return {pass, n, c, h, w, k, r, s, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups, dtype};
  }
};

constexpr Shape kOdd[] = {
    {2, 3, 13, 11, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1},    // a stem of three channels
    {1, 3, 9, 10, 4, 7, 5, 1, 2, 3, 2, 1, 1, 1},     // a larger one, stride 1 and 2
    {1, 1, 11, 8, 3, 3, 4, 2, 3, 1, 2, 1, 1, 1},     // one channel
    {1, 7, 9, 14, 6, 2, 4, 2, 3, 0, 2, 1, 1, 1},     // even filter, unequal sides
    {1, 4, 5, 5, 3, 3, 3, 1, 1, 3, 3, 1, 1, 1},      // padding as wide as the filter
    {1, 5, 12, 10, 4, 3, 3, 1, 1, 2, 2, 2, 2, 1},    // dilation
    {1, 5, 14, 13, 4, 3, 3, 2, 4, 2, 3, 2, 2, 1},    // dilation and stride with a common factor
    {1, 4, 13, 17, 3, 3, 2, 3, 4, 1, 0, 2, 3, 1},    // dilation and stride without one
    {1, 8, 7, 6, 12, 3, 3, 1, 1, 1, 1, 1, 1, 4},     // groups
    {1, 32, 5, 6, 16, 3, 3, 2, 1, 1, 1, 1, 1, 2},    // groups of whole chunks
    {1, 6, 8, 8, 6, 3, 3, 2, 2, 1, 1, 1, 1, 6},      // depthwise
    {2, 5, 6, 7, 10, 3, 2, 1, 2, 1, 1, 2, 1, 5},     // depthwise, two filters per channel
    {3, 70, 10, 10, 66, 1, 1, 3, 3, 0, 0, 1, 1, 1},  // 1×1, stride larger than the filter
    {2, 16, 13, 13, 24, 2, 2, 3, 3, 0, 0, 1, 1, 1},  // pixels that no filter reads
    {1, 40, 7, 7, 72, 3, 3, 1, 1, 1, 1, 1, 1, 1},    // slices of k that end within a tap
};
constexpr int kForEachSize[] = {0, 8, 11};
// Large enough for several tiles, more slices than a pipeline is long, and split-K.
constexpr Shape kTiles[] = {
    {3, 2, 20, 20, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1},  {1, 24, 13, 11, 136, 1, 1, 1, 1, 0, 0, 1, 1, 1},
    {1, 16, 4, 4, 24, 5, 5, 1, 1, 2, 2, 1, 1, 1},  {1, 48, 9, 13, 48, 3, 3, 1, 1, 1, 1, 1, 1, 48},
    {2, 64, 5, 5, 64, 5, 5, 2, 2, 2, 2, 1, 1, 64},
};
constexpr Shape kWarpgroups[] = {
    {1, 24, 9, 7, 40, 3, 3, 1, 1, 1, 1, 1, 1, 1},      // channels cut off
    {2, 64, 11, 9, 80, 3, 3, 2, 2, 1, 1, 1, 1, 1},     // stride 2
    {1, 16, 12, 13, 16, 2, 4, 2, 1, 0, 2, 1, 1, 1},    // even filter, unequal strides
    {1, 8, 6, 5, 8, 3, 3, 1, 1, 3, 4, 1, 1, 1},        // padding wider than the filter
    {1, 16, 11, 12, 24, 3, 3, 2, 2, 2, 2, 2, 1, 1},    // dilation
    {3, 72, 7, 7, 16, 1, 1, 2, 2, 0, 0, 1, 1, 1},      // 1×1, stride larger than the filter
    {1, 128, 5, 6, 128, 3, 1, 1, 1, 1, 0, 1, 1, 2},    // groups
    {2, 136, 17, 13, 264, 1, 1, 1, 1, 0, 0, 1, 1, 1},  // several tiles per block, in a cluster
    {1, 200, 4, 4, 56, 3, 3, 1, 1, 1, 1, 1, 1, 1},     // split-K
};

constexpr Pass kPasses[] = {Pass::forward, Pass::backward_data, Pass::backward_weights};
constexpr const char* kPassNames[] = {"Forward", "BackwardData", "BackwardWeights"};

void expect_correct(const Convolution& op, std::string_view variant, const Chip& chip) {
  const Plan plan = plan_convolution(op, variant, chip);
  EXPECT_LE(convolution_error(op, plan), convolution_tolerance(op)) << convolution_name(op) << ": " << plan.description;
}

class Kernel : public testing::TestWithParam<Pass> {};

// One dtype of each kernel runs all shapes, the others only those that reach every size-dependent branch.
TEST_P(Kernel, MatchesFloat64) {
  for (const DType dtype : {DType::f64, DType::f32, DType::tf32, DType::f16, DType::bf16, DType::s8}) {
    std::vector<Shape> few;
    for (const int i : kForEachSize) few.push_back(kOdd[i]);
    std::vector<Shape> all(std::begin(kOdd), std::end(kOdd));
    all.insert(all.end(), std::begin(kTiles), std::end(kTiles));
    for (const std::string variant : {"cores", "pipelined", "tensor", "depthwise"}) {
      const bool all_shapes = dtype == (variant == "cores" ? DType::f64 : DType::bf16);
      for (const Shape& shape : all_shapes ? all : few) {
        const Convolution op = shape.with(GetParam(), dtype);
        if (convolution_supports(op, variant, kAmpere)) expect_correct(op, variant, kAmpere);
      }
    }
  }
}

TEST_P(Kernel, WarpgroupsMatchFloat64) {
  for (const Shape& shape : kWarpgroups) {
    const Convolution op = shape.with(GetParam(), DType::bf16);
    ASSERT_TRUE(convolution_supports(op, "hopper", kHopper)) << convolution_name(op);
    expect_correct(op, "hopper", kHopper);
  }
  for (const DType dtype : {DType::f16, DType::tf32, DType::s8}) {
    for (const int i : {1, 2}) {
      const Convolution op = kWarpgroups[i].with(GetParam(), dtype);
      if (convolution_supports(op, "hopper", kHopper)) expect_correct(op, "hopper", kHopper);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Passes, Kernel, testing::ValuesIn(kPasses),
                         [](const auto& pass) { return kPassNames[static_cast<int>(pass.param)]; });

TEST(Convolution, NoBankConflicts) {
  const long before = simt::bank_conflicts();
  for (const Pass pass : kPasses)
    expect_correct(Shape{1, 32, 5, 5, 72, 1, 1, 1, 1, 0, 0, 1, 1, 1}.with(pass, DType::f16), "tensor", kAmpere);
  EXPECT_EQ(simt::bank_conflicts(), before);
}

// The dense problems of backward data cover every pixel and every tap exactly once.
TEST(DenseProblems, CoverPixelsAndTaps) {
  for (int stride = 1; stride <= 5; ++stride) {
    for (int dilation = 1; dilation <= 4; ++dilation) {
      for (int pad = 0; pad <= 3; ++pad) {
        const Span span{17, (17 + 2 * pad - 4 * dilation - 1) / stride + 1, 5, stride, pad, dilation};
        int pixels = 0, taps = 0;
        for (int residue = 0; residue < residues(span, true); ++residue) {
          const Axis axis = dense_axis(span, true, residue);
          pixels += axis.results;
          taps += axis.taps;
          for (int i = 0; i < axis.taps; ++i) {
            for (int u = 0; u < axis.results; ++u) {
              const int p = axis.first + u * axis.step + i * axis.tap_step;
              EXPECT_EQ(p * stride - pad + (axis.tap_first + i * axis.tap_stride) * dilation,
                        axis.out_first + u * axis.out_step);
            }
          }
        }
        EXPECT_EQ(pixels, 17);
        EXPECT_EQ(taps, 5);
      }
    }
  }
}

TEST(Selection, ByShapeAndChip) {
  const auto first = [](const Shape& shape, Pass pass, DType dtype, const Chip& chip) {
    return convolution_variants(shape.with(pass, dtype), chip).front();
  };
  const Shape dense{1, 256, 14, 14, 256, 3, 3, 1, 1, 1, 1, 1, 1, 1},
      narrow{1, 40, 14, 14, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1}, stem{1, 3, 32, 32, 64, 7, 7, 2, 2, 3, 3, 1, 1, 1},
      depthwise{1, 32, 14, 14, 32, 3, 3, 1, 1, 1, 1, 1, 1, 32};
  for (const Pass pass : kPasses) {
    EXPECT_EQ(first(dense, pass, DType::bf16, kHopper), "hopper");
    EXPECT_EQ(first(dense, pass, DType::bf16, kAmpere), "tensor");
    EXPECT_EQ(first(dense, pass, DType::tf32, kHopper), pass == Pass::forward ? "hopper" : "tensor");
    EXPECT_EQ(first(dense, pass, DType::f32, kHopper), "pipelined");
    EXPECT_EQ(first(dense, pass, DType::f64, kHopper), "cores");
    EXPECT_EQ(first(narrow, pass, DType::bf16, kHopper), "tensor");
    EXPECT_EQ(first(stem, pass, DType::bf16, kHopper), "tensor");
    EXPECT_EQ(first(depthwise, pass, DType::bf16, kHopper), "depthwise");
  }
}

TEST(Selection, Descriptions) {
  const auto description = [](const Shape& shape, Pass pass, const Chip& chip) {
    return plan_convolution(shape.with(pass, DType::bf16), chip.capability == 90 ? "hopper" : "", chip).description;
  };
  const Shape stem{1, 3, 32, 32, 64, 7, 7, 2, 2, 3, 3, 1, 1, 1},
      strided{1, 128, 14, 14, 128, 3, 3, 2, 2, 1, 1, 1, 1, 1};
  EXPECT_THAT(description(stem, Pass::forward, kAmpere), testing::HasSubstr("x by rows padded to 4 channels first"));
  EXPECT_THAT(description(strided, Pass::backward_data, kAmpere), testing::HasSubstr("4 dense problems"));
  EXPECT_THAT(description(strided, Pass::backward_data, kHopper), testing::HasSubstr("TMA im2col"));
  const Shape pointwise{32, 128, 28, 28, 128, 1, 1, 1, 1, 0, 0, 1, 1, 1};
  EXPECT_THAT(description(pointwise, Pass::backward_weights, kHopper), testing::HasSubstr("split-K 4"));

  // The cases that kWarpgroups has to cover.
  EXPECT_THAT(description(kWarpgroups[0], Pass::forward, kHopper), testing::HasSubstr("128x64x64"));
  EXPECT_THAT(description(kWarpgroups[7], Pass::forward, kHopper),
              testing::AllOf(testing::HasSubstr("128x128x64"), testing::HasSubstr("cluster 2")));
  EXPECT_THAT(description(kWarpgroups[7], Pass::backward_data, kHopper), testing::HasSubstr("128x256x64"));
  EXPECT_THAT(description(kWarpgroups[8], Pass::forward, kHopper), testing::HasSubstr("split-K 4"));
}

TEST(Selection, RefusalReasons) {
  const Shape shape{1, 12, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1};
  const Chip turing{75, 3, 65536};
  EXPECT_THAT(convolution_supports(shape.with(Pass::forward, DType::tf32), {}, turing).reason,
              testing::HasSubstr("compute capability 8.0"));
  EXPECT_THAT(convolution_supports(shape.with(Pass::backward_data, DType::s8), {}, kHopper).reason,
              testing::HasSubstr("forward only"));
  EXPECT_THAT(convolution_supports(shape.with(Pass::forward, DType::bf16), "hopper", kHopper).reason,
              testing::HasSubstr("16-byte multiples"));
  EXPECT_THAT(convolution_supports(shape.with(Pass::forward, DType::bf16), "depthwise", kHopper).reason,
              testing::HasSubstr("as many groups as channels"));
  EXPECT_THAT(convolution_supports(shape.with(Pass::forward, DType::bf16), "fastest", kHopper).reason,
              testing::HasSubstr("available: cores, pipelined"));
  EXPECT_THROW(plan_convolution(shape.with(Pass::forward, DType::f8e4m3), {}, kHopper), std::runtime_error);
}

}  // namespace
}  // namespace whygpu::cuda
