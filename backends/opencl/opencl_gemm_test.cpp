// Every rung of the GEMM ladder against float64, on the first OpenCL device.
#include <gmock/gmock.h>

#include "backends/devices/opencl_test_device.h"
#include "backends/layers/opencl/check.h"
#include "backends/opencl/choose.h"

namespace whygpu::opencl {
namespace {

struct Shape {
  std::int64_t m, n, k, batch;
};

// Smaller than a tile, and no multiple of anything; several tiles that the edge cuts off; vectors without a rest.
constexpr Shape kShapes[] = {{1, 1, 1, 1}, {5, 3, 7, 3}, {67, 71, 35, 1}, {64, 128, 64, 2}};

class OpenClGemm : public OpenClDeviceTest {
 protected:
  static double error(const Gemm& op, const Variant& variant, const Tile& tile, Compiler& compiler) {
    return error_of(device(), op, make_run(compiler, op, variant, tile));
  }
  static const Variant& variant(std::string_view name) {
    return *std::ranges::find(gemm_variants(), name, &Variant::name);
  }
  static const Tile& some_tile(const Variant& variant) { return variant.tiles[variant.tiles.size() / 2]; }

  // The kernel is right, and wrong with `replacement` in place of `old`.
  static void expect_noticed(std::string_view name, const Gemm& op, const std::string& old,
                             const std::string& replacement) {
    const Variant& rung = variant(name);
    Compiler right(device());
    Compiler wrong(device(), [&](const std::string& text) { return planted(text, old, replacement); });
    EXPECT_LE(error(op, rung, some_tile(rung), right), 1) << name;
    EXPECT_GT(error(op, rung, some_tile(rung), wrong), 1) << name << ": " << old;
  }
};

TEST_F(OpenClGemm, TransposesAndShapes) {
  Compiler compiler(device());
  for (const Variant& variant : gemm_variants()) {
    for (const Shape& s : kShapes) {
      for (const bool transpose_a : {false, true}) {
        for (const bool transpose_b : {false, true}) {
          const Gemm op{s.m, s.n, s.k, s.batch, transpose_a, transpose_b, DType::f32};
          EXPECT_LE(error(op, variant, some_tile(variant), compiler), 1)
              << variant.name << (transpose_a ? " t" : " n") << (transpose_b ? "t " : "n ") << s.m << "x" << s.n << "x"
              << s.k;
        }
      }
    }
  }
}

TEST_F(OpenClGemm, Tiles) {
  Compiler compiler(device());
  const Gemm op{131, 139, 70, 1, false, true, DType::f32};
  for (const Variant& variant : gemm_variants()) {
    for (const Tile& tile : variant.tiles) {
      if (!fits(tile, op.dtype, limits_of(device()))) continue;
      EXPECT_LE(error(op, variant, tile, compiler), 1) << variant.name << ", " << describe(tile, op.dtype);
    }
  }
}

TEST_F(OpenClGemm, DTypes) {
  Compiler compiler(device());
  for (const DType dtype : {DType::f64, DType::f16, DType::bf16, DType::s8}) {
    const Gemm op{37, 41, 29, 2, true, false, dtype};
    if (!supports(op, device().has_extension("cl_khr_fp64"))) continue;
    for (const char* name : {"tiled", "vectorised"}) {
      EXPECT_LE(error(op, variant(name), some_tile(variant(name)), compiler), 1) << name << " " << dtype_name(dtype);
    }
  }
}

TEST_F(OpenClGemm, PlantedErrors) {
  const Gemm op{67, 71, 35, 2, false, false, DType::f32}, square{48, 48, 48, 1, false, true, DType::f32};
  expect_noticed("naive", op, "row >= m || column >= n", "row >= m || column > n");
  expect_noticed("naive", op, "p < k; ++p", "p < k - 1; ++p");
  expect_noticed("tiled", op, "b += b_first + (ulong)(batch) * k * n", "b += b_first");
  expect_noticed("register_tiled", op, "p < k; p += TILE_DEPTH", "p + TILE_DEPTH < k; p += TILE_DEPTH");
  expect_noticed("register_tiled", square, "((ulong)(column) * k + (p))", "((ulong)(p) * k + (column))");
  expect_noticed("vectorised", op, "e < WIDTH && column + e < n", "e < WIDTH && column + e < n - 1");
  expect_noticed("vectorised", op, "p + d < k ? lines", "p + d < k - 1 ? lines");
  expect_noticed("vectorised", op, "c += c_first + ", "c += ");
}

TEST_F(OpenClGemm, Choice) {
  Compiler compiler(device());
  Chooser chooser(compiler, limits_of(device()));
  const Choice naive = chooser.choose(Gemm{64, 64, 64}, variant("naive"), false);
  EXPECT_EQ(naive.how, "");
  const Choice tiled = chooser.choose(Gemm{4096, 4096, 1 << 20}, variant("tiled"), true);
  EXPECT_THAT(tiled.how, testing::HasSubstr("with a cold cache on m="));
  EXPECT_THAT(chooser.choose(Gemm{4096, 4096, 1 << 20}, variant("tiled"), true).how, tiled.how);
}

TEST_F(OpenClGemm, NoTileFits) {
  Compiler compiler(device());
  Chooser small(compiler, {16, 1024});
  EXPECT_THROW(small.choose(Gemm{64, 64, 64}, variant("vectorised"), false), std::runtime_error);
}

TEST_F(OpenClGemm, CompilerError) {
  Compiler compiler(device(),
                    [](const std::string& text) { return text + "\nkernel void broken(int x) { return y; }\n"; });
  try {
    make_run(compiler, Gemm{8, 8, 8}, variant("naive"), variant("naive").tiles[0]);
    FAIL() << "compiled";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("CL_BUILD_PROGRAM_FAILURE"));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
  }
}

TEST(OpenClGemmSupport, Reasons) {
  EXPECT_THAT(supports(Gemm{8, 8, 8, 1, false, false, DType::f64}, false).reason, testing::HasSubstr("no f64"));
  EXPECT_THAT(supports(Gemm{8, 8, 8, 1, false, false, DType::tf32}, true).reason, testing::HasSubstr("not tf32"));
  EXPECT_THAT(supports(Gemm{std::int64_t{1} << 30, 8, 8}, true).reason, testing::HasSubstr("below 2^30"));
  EXPECT_TRUE(supports(Gemm{8, 8, 8, 1, false, false, DType::f16}, false));
}

}  // namespace
}  // namespace whygpu::opencl
