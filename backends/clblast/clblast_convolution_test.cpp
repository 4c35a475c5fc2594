#include <gmock/gmock.h>

#include "backends/clblast/clblast_test_context.h"

namespace whygpu::clblast_backend {
namespace {

class ClblastConvolutionTest : public ClblastTest {};

// Calls f(x index, w index, y index) for every product of the convolution.
template <class F>
void each_product(const Convolution& conv, F&& f) {
  const std::int64_t group_c = conv.c / conv.groups, group_k = conv.k / conv.groups;
  for (std::int64_t y = 0; y < conv.n * conv.p() * conv.q() * conv.k; ++y) {
    const std::int64_t k = y % conv.k, q = y / conv.k % conv.q(), p = y / conv.k / conv.q() % conv.p();
    const std::int64_t n = y / conv.k / conv.q() / conv.p();
    for (std::int64_t r = 0; r < conv.r; ++r) {
      for (std::int64_t s = 0; s < conv.s; ++s) {
        const std::int64_t h = p * conv.stride_h - conv.pad_h + r * conv.dilation_h;
        const std::int64_t w = q * conv.stride_w - conv.pad_w + s * conv.dilation_w;
        if (h < 0 || h >= conv.h || w < 0 || w >= conv.w) continue;
        for (std::int64_t c = 0; c < group_c; ++c) {
          f(((n * conv.h + h) * conv.w + w) * conv.c + k / group_k * group_c + c,
            ((k * conv.r + r) * conv.s + s) * group_c + c, y);
        }
      }
    }
  }
}

template <class T>
void expect_exact(Context& context, const Convolution& conv, bool views = false) {
  ASSERT_TRUE(supports(context, conv));
  std::vector<std::vector<T>> values;
  unsigned seed = 0;
  for (const auto& spec : conv.arguments()) values.push_back(small_integers<T>(spec.elements(), ++seed));
  const auto result = static_cast<std::size_t>(conv.result());
  std::vector<T> expected(values[result].size());
  each_product(conv, [&](std::int64_t x, std::int64_t w, std::int64_t y) {
    const std::int64_t index[] = {x, w, y};
    T term = 1;
    for (std::size_t i = 0; i < 3; ++i) {
      if (i != result) term *= values[i][static_cast<std::size_t>(index[i])];
    }
    expected[static_cast<std::size_t>(index[result])] += term;
  });
  const auto operation = prepare(context, conv);
  EXPECT_EQ(result_of<T>(context, *operation, values, result, views), expected) << operation->implementation();
}

constexpr Pass kPasses[] = {Pass::forward, Pass::backward_data, Pass::backward_weights};

TEST_F(ClblastConvolutionTest, StridedPaddedDilated) {
  for (const Pass pass : kPasses) {
    SCOPED_TRACE(static_cast<int>(pass));
    expect_exact<float>(context(), {.pass = pass,
                                    .n = 2,
                                    .c = 5,
                                    .h = 11,
                                    .w = 10,
                                    .k = 7,
                                    .r = 2,
                                    .s = 4,
                                    .stride_h = 3,
                                    .stride_w = 2,
                                    .pad_h = 2,
                                    .pad_w = 1,
                                    .dilation_h = 2,
                                    .dilation_w = 2});
  }
}

TEST_F(ClblastConvolutionTest, Groups) {
  for (const Pass pass : kPasses) {
    SCOPED_TRACE(static_cast<int>(pass));
    expect_exact<float>(
        context(),
        {.pass = pass, .n = 2, .c = 6, .h = 7, .w = 5, .k = 9, .r = 3, .s = 3, .pad_h = 1, .pad_w = 1, .groups = 3},
        true);
  }
}

TEST_F(ClblastConvolutionTest, PointwiseReadsImages) {
  for (const Pass pass : kPasses) {
    SCOPED_TRACE(static_cast<int>(pass));
    for (const std::int64_t groups : {1, 2}) {
      expect_exact<float>(context(),
                          {.pass = pass, .n = 3, .c = 8, .h = 4, .w = 5, .k = 6, .r = 1, .s = 1, .groups = groups});
    }
  }
  const auto operation = prepare(context(), Convolution{.n = 1, .c = 8, .h = 4, .w = 4, .k = 8, .r = 1, .s = 1});
  EXPECT_THAT(operation->implementation(), testing::StartsWith("GEMM on the images (1x1): CLBlast SGEMM"));
}

TEST_F(ClblastConvolutionTest, F64) {
  const Convolution conv{.n = 1, .c = 3, .h = 6, .w = 6, .k = 4, .r = 3, .s = 3, .dtype = DType::f64};
  if (!supports(context(), conv)) GTEST_SKIP() << supports(context(), conv).reason;
  expect_exact<double>(context(), conv);
}

TEST_F(ClblastConvolutionTest, ImplementationNamesWhoseCodeRuns) {
  const Convolution conv{.n = 1, .c = 3, .h = 6, .w = 6, .k = 4, .r = 3, .s = 3};
  EXPECT_THAT(prepare(context(), conv)->implementation(),
              testing::StartsWith("whygpu's im2col + GEMM, 1 tile(s): CLBlast SGEMM, "));
}

TEST_F(ClblastConvolutionTest, RefusesWithReason) {
  Convolution conv{
      .pass = Pass::backward_data, .n = 1, .c = 8, .h = 8, .w = 8, .k = 8, .r = 3, .s = 3, .dtype = DType::f16};
  EXPECT_THAT(supports(context(), conv).reason, testing::HasSubstr("round the partial sums"));
  conv.dtype = DType::s8;
  EXPECT_EQ(supports(context(), conv).reason, "CLBlast has no s8 GEMM for im2col");
}

}  // namespace
}  // namespace whygpu::clblast_backend
