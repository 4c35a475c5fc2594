// Hopper's kernels where each block computes several tiles: every tile width, result width, pass and transpose, with at
// least twice as many tiles as multiprocessors. What a block leaves behind from one tile must not disturb the next:
// staging buffers that a store still reads, the position in the ring of stages, the phases of its barriers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/cuda/convolution.h"
#include "backends/cuda/simt/check.h"
#include "backends/cuda/simt/convolution_check.h"
#include "backends/devices/ceil_div.h"

namespace whygpu::cuda {
namespace {

using testing::HasSubstr;

// How a problem must run for its case to test what it is meant to.
struct Expected {
  int tile_n;
  int cluster;
  const char* store;
};

Chip hopper(int multiprocessors) { return {90, multiprocessors, 232448}; }

void expect_tiles(const Plan& plan, const Expected& expected, std::int64_t tiles, int multiprocessors) {
  EXPECT_GE(tiles, 2 * multiprocessors);
  EXPECT_THAT(plan.description, HasSubstr("128x" + std::to_string(expected.tile_n) + "x"));
  EXPECT_THAT(plan.description, HasSubstr("cluster " + std::to_string(expected.cluster) + ","));
  EXPECT_THAT(plan.description, HasSubstr(expected.store));
  EXPECT_THAT(plan.description, testing::Not(HasSubstr("split-K")));
}

// ---- Matrix products ----

struct Product {
  std::int64_t m, n;
  int multiprocessors;
  Expected expected;
};

// Clusters of two on five multiprocessors: two clusters share five pairs of tiles, so that one computes more than the
// other and a multiprocessor is left over.
constexpr Product kProducts[] = {
    {104, 1016, 2, {256, 1, ", TMA store"}},
    {600, 120, 2, {128, 1, ", TMA store"}},
    {1240, 248, 5, {256, 2, ", TMA store"}},
    {1240, 120, 5, {128, 2, ", TMA store"}},
};
constexpr Product kUnalignedProducts[] = {
    {104, 1010, 2, {256, 1, ", direct store"}},
    {600, 121, 2, {128, 1, ", direct store"}},
    {1240, 246, 5, {256, 2, ", direct store"}},
};
// fp8 has no wide tile.
constexpr Product kNarrowProducts[] = {
    {600, 248, 5, {128, 1, ", TMA store"}},
    {1240, 248, 5, {128, 2, ", TMA store"}},
};

void expect_product(const Product& product, bool transpose_a, bool transpose_b, DType dtype) {
  // Two steps of k, the second cut off: tiles start at every place of a ring of four or six stages.
  const auto k = static_cast<std::int64_t>(144 / dtype_bytes(dtype));
  const Gemm op{product.m, product.n, k, 1, transpose_a, transpose_b, dtype};
  SCOPED_TRACE(gemm_name(op) + " on " + std::to_string(product.multiprocessors) + " multiprocessors");
  const Chip chip = hopper(product.multiprocessors);
  expect_tiles(hopper_rung.plan(op, chip), product.expected,
               ceil_div(op.m, 128) * ceil_div(op.n, product.expected.tile_n), chip.multiprocessors);
  EXPECT_LE(gemm_error(hopper_rung, op, chip), gemm_tolerance(dtype));
}

class HopperTiles : public testing::TestWithParam<int> {};

TEST_P(HopperTiles, ProductsInAllTransposes) {
  for (const Product& product : kProducts) {
    expect_product(product, (GetParam() & 1) != 0, (GetParam() & 2) != 0, DType::bf16);
  }
}

INSTANTIATE_TEST_SUITE_P(Transposes, HopperTiles, testing::Range(0, 4), [](const auto& t) {
  return std::string(t.param & 1 ? "T" : "N") + (t.param & 2 ? "T" : "N");
});

TEST(HopperTiles, ProductsInAllDtypes) {
  for (const DType dtype : {DType::tf32, DType::s8}) {
    for (const Product& product : kProducts) expect_product(product, false, true, dtype);
  }
  for (const Product& product : kNarrowProducts) expect_product(product, false, true, DType::f8e4m3);
}

TEST(HopperTiles, ProductsStoredDirectly) {
  for (const Product& product : kUnalignedProducts) expect_product(product, false, false, DType::bf16);
}

// ---- Convolution ----

// In forward's terms; `wide` is the number of result channels, `deep` of summed ones.
struct Layer {
  std::int64_t n, size, deep, wide, taps, stride;
  int multiprocessors;
  Expected expected;
};

constexpr Layer kForward[] = {
    {1, 26, 64, 64, 1, 1, 2, {64, 1, ", TMA store"}},    // one staging buffer's worth of 16-bit results a tile
    {1, 24, 24, 120, 2, 1, 2, {128, 1, ", TMA store"}},  // five rows of tiles
    {1, 24, 24, 248, 2, 1, 1, {256, 1, ", TMA store"}},
    {1, 35, 24, 120, 2, 1, 5, {128, 2, ", TMA store"}},  // five pairs of tiles for two clusters
    {1, 35, 24, 248, 2, 1, 5, {256, 2, ", TMA store"}},
};
constexpr Layer kBackwardDataStrided[] = {
    {2, 26, 72, 56, 3, 2, 3, {64, 1, ", direct store"}},
    {2, 26, 24, 120, 3, 2, 3, {128, 1, ", direct store"}},
    {2, 26, 24, 248, 3, 2, 3, {256, 1, ", direct store"}},
    {1, 30, 24, 248, 3, 2, 3, {256, 2, ", direct store"}},
};

void expect_layer(const Layer& layer, Pass pass, DType dtype) {
  const bool backward = pass == Pass::backward_data;
  const std::int64_t c = backward ? layer.wide : layer.deep, k = backward ? layer.deep : layer.wide;
  const std::int64_t pad = layer.taps / 2;
  const Convolution op{pass,         layer.n,      c,   layer.size, layer.size, k, layer.taps, 1,
                       layer.stride, layer.stride, pad, 0,          1,          1, 1,          dtype};
  SCOPED_TRACE(convolution_name(op) + " on " + std::to_string(layer.multiprocessors) + " multiprocessors");
  const Chip chip = hopper(layer.multiprocessors);
  const std::int64_t problems = backward ? layer.stride * layer.stride : 1;
  const std::int64_t rows =
      backward ? op.n * ceil_div(op.h, op.stride_h) * ceil_div(op.w, op.stride_w) : op.n * op.p() * op.q();
  const Plan plan = plan_convolution(op, "hopper", chip);
  expect_tiles(plan, layer.expected, problems * ceil_div(rows, 128) * ceil_div(layer.wide, layer.expected.tile_n),
               chip.multiprocessors);
  EXPECT_LE(convolution_error(op, plan), convolution_tolerance(op));
}

TEST(HopperTiles, Forward) {
  for (const Layer& layer : kForward) expect_layer(layer, Pass::forward, DType::bf16);
  expect_layer(kForward[0], Pass::forward, DType::f16);
}

TEST(HopperTiles, ForwardWith32BitResults) {
  for (const DType dtype : {DType::tf32, DType::s8}) {
    for (Layer layer : kForward) {
      layer.deep = 32;  // in multiples of 16 bytes
      layer.wide = layer.wide / 16 * 16;
      expect_layer(layer, Pass::forward, dtype);
    }
  }
}

TEST(HopperTiles, BackwardData) {
  for (const Layer& layer : kForward) expect_layer(layer, Pass::backward_data, DType::bf16);
}

TEST(HopperTiles, BackwardDataOfStride2) {
  for (const Layer& layer : kBackwardDataStrided) expect_layer(layer, Pass::backward_data, DType::bf16);
}

// Rows are filters, columns 64 channels of each tap.
struct Filters {
  std::int64_t k, c, taps;
  int multiprocessors;
  int tile_n;
};

TEST(HopperTiles, BackwardWeights) {
  // Channels that 64 divides go straight to the result, others through a copy.
  for (const Filters& f : {Filters{880, 64, 2, 3, 128}, Filters{880, 40, 2, 3, 128}, Filters{280, 64, 4, 1, 256},
                           Filters{280, 40, 4, 1, 256}, Filters{600, 64, 1, 2, 64}, Filters{600, 40, 1, 2, 64}}) {
    const Convolution op{Pass::backward_weights, 2, f.c, 9, 7, f.k, f.taps, 1, 1, 1, 0, 0, 1, 1, 1, DType::bf16};
    SCOPED_TRACE(convolution_name(op));
    const Plan plan = plan_convolution(op, "hopper", hopper(f.multiprocessors));
    expect_tiles(plan, {f.tile_n, 1, ""}, ceil_div(f.k, 128) * ceil_div(f.taps * 64, f.tile_n), f.multiprocessors);
    EXPECT_LE(convolution_error(op, plan), convolution_tolerance(op));
  }
}

// Three tiles in two parts each for two multiprocessors: a block computes parts of several tiles.
TEST(HopperTiles, SplitSums) {
  const Gemm product{16, 24, 2560, 3, false, true, DType::bf16};
  EXPECT_THAT(hopper_rung.plan(product, hopper(2)).description, HasSubstr("split-K 2"));
  EXPECT_LE(gemm_error(hopper_rung, product, hopper(2)), gemm_tolerance(DType::bf16));
  for (const Convolution& op :
       {Convolution{Pass::forward, 1, 3200, 18, 18, 16, 1, 1, 1, 1, 0, 0, 1, 1, 1, DType::bf16},
        Convolution{Pass::backward_data, 1, 16, 18, 18, 3200, 1, 1, 1, 1, 0, 0, 1, 1, 1, DType::bf16},
        Convolution{Pass::backward_weights, 1, 64, 57, 61, 8, 6, 1, 1, 1, 0, 0, 1, 1, 1, DType::bf16}}) {
    const Plan plan = plan_convolution(op, "hopper", hopper(2));
    EXPECT_THAT(plan.description, HasSubstr("split-K 2"));
    EXPECT_LE(convolution_error(op, plan), convolution_tolerance(op)) << convolution_name(op);
  }
}

TEST(HopperTiles, Groups) {
  const Convolution op{Pass::forward, 1, 128, 15, 15, 128, 1, 1, 1, 1, 0, 0, 1, 1, 2, DType::bf16};
  const Plan plan = plan_convolution(op, "hopper", hopper(2));
  expect_tiles(plan, {64, 1, ", TMA store"}, 2 * 2, 2);
  EXPECT_LE(convolution_error(op, plan), convolution_tolerance(op));
}

}  // namespace
}  // namespace whygpu::cuda
