// Every rung of the ladder against float64, on the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/cuda/simt/check.h"
#include "backends/cuda/simt/simt.h"

namespace whygpu::cuda {
namespace {

constexpr Chip kAmpere{80, 3, 166912};
constexpr Chip kHopper{90, 4, 232448};

struct Shape {
  std::int64_t m, n, k, batch;
};

// Smaller than a tile, and no multiple of anything.
constexpr Shape kSmall[] = {{1, 1, 1, 1}, {5, 3, 7, 3}, {33, 65, 17, 1}};
// Several tiles, some cut off by the edge; aligned rows and more tiles of k than pipeline stages; split-K.
constexpr Shape kTiles[] = {{129, 131, 35, 1}, {136, 144, 176, 1}, {16, 24, 520, 2}};

std::vector<Gemm> problems(std::span<const Shape> shapes, DType dtype) {
  std::vector<Gemm> all;
  for (const Shape& s : shapes) {
    for (int transposes = 0; transposes < 4; ++transposes) {
      all.push_back({s.m, s.n, s.k, s.batch, (transposes & 1) != 0, (transposes & 2) != 0, dtype});
    }
  }
  return all;
}

class Ladder : public testing::TestWithParam<const Rung*> {};

TEST_P(Ladder, MatchesFloat64) {
  const Rung& rung = *GetParam();
  int run = 0;
  for (const DType dtype : {DType::f64, DType::f32, DType::tf32, DType::f16, DType::bf16, DType::f8e4m3, DType::s8}) {
    std::vector<Gemm> ops = problems(kSmall, dtype);
    // Rungs 1 to 3 have tiles of 32 at most. Of the other rungs' types, one runs all transposes of the large shapes.
    const bool simple = &rung == &naive_rung || &rung == &coalesced_rung || &rung == &tiled_rung;
    const bool all_transposes = dtype == DType::f32 || (dtype == DType::f16 && &rung != &register_tiled_rung);
    const bool one_of_its_size = dtype == DType::f64 || dtype == DType::tf32 || dtype == DType::s8;
    for (const Gemm& op : problems(kTiles, dtype)) {
      const bool plain = !op.transpose_a && !op.transpose_b;
      if (!simple && (all_transposes || (one_of_its_size && plain))) ops.push_back(op);
    }
    for (const Gemm& op : ops) {
      const Chip& chip = &rung == &hopper_rung ? kHopper : kAmpere;
      if (!rung.supports(op, chip)) continue;
      ++run;
      EXPECT_LE(gemm_error(rung, op, chip), gemm_tolerance(dtype)) << rung.name << ": " << gemm_name(op);
    }
  }
  EXPECT_GT(run, 0);
}

INSTANTIATE_TEST_SUITE_P(Rungs, Ladder, testing::ValuesIn(rungs().begin(), rungs().end()),
                         [](const auto& rung) { return std::string(rung.param->name); });

TEST(Ladder, NoBankConflicts) {
  const long before = simt::bank_conflicts();
  for (const Gemm& op : problems(std::array{Shape{128, 128, 64, 1}}, DType::f16)) gemm_error(tensor_rung, op, kAmpere);
  EXPECT_EQ(simt::bank_conflicts(), before);
}

// More tiles than multiprocessors, and more of k than the ring of stages holds: every block computes several tiles.
TEST(Ladder, HopperClusters) {
  for (const auto& [op, tile] : {std::pair{Gemm{256, 1016, 600, 1, false, false, DType::bf16}, "128x256x64"},
                                 std::pair{Gemm{248, 1020, 600, 1, true, true, DType::bf16}, "128x256x64"},
                                 std::pair{Gemm{256, 520, 912, 1, false, true, DType::f8e4m3}, "128x128x128"}}) {
    EXPECT_THAT(hopper_rung.plan(op, kHopper).description, testing::HasSubstr(tile));
    EXPECT_THAT(hopper_rung.plan(op, kHopper).description, testing::HasSubstr("cluster 2"));
    EXPECT_LE(gemm_error(hopper_rung, op, kHopper), gemm_tolerance(op.dtype)) << gemm_name(op);
  }
}

TEST(Ladder, DefaultVariant) {
  EXPECT_EQ(gemm_variants({64, 64, 64, 1, false, false, DType::f32}, kAmpere).front(), "warp_tiled");
  EXPECT_EQ(gemm_variants({64, 64, 64, 1, false, false, DType::f64}, kAmpere).front(), "register_tiled");
  EXPECT_EQ(gemm_variants({64, 64, 64, 1, false, false, DType::bf16}, kAmpere).front(), "tensor");
}

TEST(Ladder, RefusalReasons) {
  const Gemm odd{3, 5, 7, 1, false, false, DType::f32};
  EXPECT_THAT(gemm_supports(odd, "vectorised", kAmpere).reason, testing::HasSubstr("multiple of 4"));
  EXPECT_THAT(gemm_supports(odd, "fastest", kAmpere).reason, testing::HasSubstr("available: naive, coalesced"));
  EXPECT_THROW(plan_gemm(odd, "vectorised", kAmpere), std::runtime_error);
}

}  // namespace
}  // namespace whygpu::cuda
