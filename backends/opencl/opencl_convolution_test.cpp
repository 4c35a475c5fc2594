// Both convolution kernels and all passes against float64, on the first OpenCL device.
#include <gmock/gmock.h>

#include "backends/devices/opencl_test_device.h"
#include "backends/layers/opencl/check.h"
#include "backends/opencl/kernels.h"

namespace whygpu::opencl {
namespace {

Convolution problem(Pass pass, std::int64_t stride, std::int64_t groups, DType dtype = DType::f32) {
  return {.pass = pass,
          .n = 2,
          .c = 6,
          .h = 11,
          .w = 9,
          .k = 10,
          .r = 3,
          .s = 2,
          .stride_h = stride,
          .stride_w = 1 + stride / 2,
          .pad_h = 1,
          .pad_w = 2,
          .dilation_h = 1,
          .dilation_w = 2,
          .groups = groups,
          .dtype = dtype};
}

constexpr Pass kPasses[] = {Pass::forward, Pass::backward_data, Pass::backward_weights};

class OpenClConvolution : public OpenClDeviceTest {
 protected:
  static double error(const Convolution& op, const Variant& variant, const Tile& tile, Compiler& compiler) {
    return error_of(device(), op, make_run(compiler, op, variant, tile));
  }
  static const Variant& variant(std::string_view name) {
    return *std::ranges::find(convolution_variants(), name, &Variant::name);
  }

  // The kernel is right, and wrong with `replacement` in place of `old`.
  static void expect_noticed(std::string_view name, const Convolution& op, const std::string& old,
                             const std::string& replacement) {
    Compiler right(device());
    Compiler wrong(device(), [&](const std::string& text) { return planted(text, old, replacement); });
    EXPECT_LE(error(op, variant(name), variant(name).tiles[0], right), 1) << name;
    EXPECT_GT(error(op, variant(name), variant(name).tiles[0], wrong), 1) << name << ": " << old;
  }
};

TEST_F(OpenClConvolution, PassesStridesAndGroups) {
  Compiler compiler(device());
  for (const Variant& variant : convolution_variants()) {
    for (const Pass pass : kPasses) {
      for (const std::int64_t stride : {1, 2, 3}) {
        for (const std::int64_t groups : {1, 2}) {
          EXPECT_LE(error(problem(pass, stride, groups), variant, variant.tiles[0], compiler), 1)
              << variant.name << ", pass " << static_cast<int>(pass) << ", stride " << stride << ", groups " << groups;
        }
      }
    }
  }
}

// More than one tile and slice of every extent, and a depthwise convolution.
TEST_F(OpenClConvolution, TilesAndDepthwise) {
  Compiler compiler(device());
  const Variant& gemm = variant("implicit_gemm");
  for (const Pass pass : kPasses) {
    const Convolution large{
        .pass = pass, .n = 2, .c = 35, .h = 12, .w = 13, .k = 67, .r = 3, .s = 3, .pad_h = 1, .pad_w = 1};
    Convolution depthwise = large;
    depthwise.k = depthwise.groups = depthwise.c;
    EXPECT_LE(error(large, gemm, gemm.tiles[0], compiler), 1) << static_cast<int>(pass);
    EXPECT_LE(error(depthwise, gemm, gemm.tiles[0], compiler), 1) << static_cast<int>(pass);
    if (pass != Pass::forward) continue;
    for (const Tile& tile : gemm.tiles) EXPECT_LE(error(large, gemm, tile, compiler), 1) << describe(tile, large.dtype);
  }
}

TEST_F(OpenClConvolution, DTypes) {
  Compiler compiler(device());
  for (const DType dtype : {DType::f64, DType::f16, DType::bf16, DType::s8}) {
    for (const Pass pass : {Pass::forward, Pass::backward_weights}) {
      const Convolution op = problem(pass, 1, 1, dtype);
      if (!supports(op, device().has_extension("cl_khr_fp64"))) continue;
      for (const Variant& variant : convolution_variants()) {
        EXPECT_LE(error(op, variant, variant.tiles[0], compiler), 1)
            << variant.name << " " << dtype_name(dtype) << ", pass " << static_cast<int>(pass);
      }
    }
  }
}

TEST_F(OpenClConvolution, PlantedErrors) {
  const Convolution forward = problem(Pass::forward, 2, 2), data = problem(Pass::backward_data, 2, 2),
                    weights = problem(Pass::backward_weights, 2, 2);
  expect_noticed("implicit_gemm", forward, "line % op.p * op.stride_h - op.pad_h",
                 "line % op.p * op.stride_h - op.pad_h + 1");
  expect_noticed("implicit_gemm", forward, "group * channels + index % channels", "index % channels");
  expect_noticed("implicit_gemm", forward, "gathered_depth(p + i", "gathered_depth(begin + i");
  expect_noticed("implicit_gemm", forward, "e < WIDTH && column + e < columns",
                 "e < WIDTH && column + e < columns - 1");
  expect_noticed("implicit_gemm", data, "y < 0 || x < 0 || y % STRIDE_H != 0 || ", "y < 0 || x < 0 || ");
  expect_noticed("implicit_gemm", data, "at.y = -at.y", "at.y = at.y");
  expect_noticed("implicit_gemm", weights, "barrier(CLK_LOCAL_MEM_FENCE);  // the positions are complete", "");
  expect_noticed("direct", forward, "(((ulong)k * op.r + r) * op.s + s) * channels",
                 "((ulong)k * op.r + r) * op.s * channels");
}

TEST(OpenClConvolutionSupport, Reasons) {
  EXPECT_THAT(supports(problem(Pass::backward_data, 1, 1, DType::s8), true).reason, testing::HasSubstr("forward only"));
  EXPECT_THAT(supports(problem(Pass::forward, 1, 1, DType::f64), false).reason, testing::HasSubstr("no f64"));
  EXPECT_THAT(supports(problem(Pass::forward, 1, 1, DType::tf32), true).reason, testing::HasSubstr("not tf32"));
}

}  // namespace
}  // namespace whygpu::opencl
