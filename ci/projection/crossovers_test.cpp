#include "ci/projection/crossovers.h"

#include <gtest/gtest.h>

#include <cmath>

namespace whygpu::projection {
namespace {

TEST(Crossing, InterpolatedBetweenSizes) {
  const auto found = crossing_of({16, 64, 256}, {-1, -1, 1});
  EXPECT_TRUE(found.is_inside);
  EXPECT_DOUBLE_EQ(found.size, 128);
}

TEST(Crossing, AnIsolatedWinIsNone) { EXPECT_NEAR(crossing_of({16, 32, 64, 128}, {-1, 2, -1, 1}).size, 90.5, 0.1); }

TEST(Crossing, EndsWithoutAChange) {
  EXPECT_EQ(crossing_of({16, 64}, {1, 2}).size, 16);
  EXPECT_EQ(crossing_of({16, 64}, {1, -2}).size, 64);
  EXPECT_FALSE(crossing_of({16, 64}, {1, -2}).is_inside);
}

TEST(WithinFactorTwo, BothSides) {
  const auto right = [](double published, double projected) {
    // Crossings at 2^(10·published) and 2^(10·projected).
    return within_factor_two({"card", {1, 1024}, {-published, 1 - published}, {-projected, 1 - projected}});
  };
  EXPECT_TRUE(right(0.5, 0.59));
  EXPECT_TRUE(right(0.5, 0.41));
  EXPECT_FALSE(right(0.5, 0.61));
  EXPECT_FALSE(right(0.5, 0.39));
}

}  // namespace
}  // namespace whygpu::projection
