#include "reports/views/roofline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whygpu {
namespace {

using testing::HasSubstr;

// A machine of 100 FLOP/s and 10 B/s: the ridge lies at 10 FLOP per byte.
TEST(Roofline, LowerRoof) {
  const auto compute = place_on_roofline(2000, 100, 40, 100, 10);
  ASSERT_TRUE(compute);
  EXPECT_EQ(compute->roof, Roof::arithmetic);
  EXPECT_EQ(compute->intensity, 20);
  EXPECT_EQ(compute->limit, 100);
  EXPECT_EQ(compute->fraction, 0.5);

  const auto memory = place_on_roofline(200, 100, 40, 100, 10);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->roof, Roof::memory);
  EXPECT_EQ(memory->limit, 20);
  EXPECT_EQ(memory->fraction, 0.25);
}

TEST(Roofline, WithoutFlops) {
  const auto place = place_on_roofline(0, 100, 20, 100, 10);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->roof, Roof::memory);
  EXPECT_EQ(place->limit, 10);
  EXPECT_EQ(place->fraction, 0.5);
}

TEST(Roofline, SingleRoof) {
  EXPECT_EQ(place_on_roofline(200, 100, 40, 100, std::nullopt)->roof, Roof::arithmetic);
  EXPECT_EQ(place_on_roofline(2000, 100, 40, std::nullopt, 10)->limit, 200);
  EXPECT_EQ(place_on_roofline(2000, 0, 40, 100, 10)->roof, Roof::arithmetic);
  EXPECT_FALSE(place_on_roofline(2000, 0, 40, std::nullopt, 10));
  EXPECT_FALSE(place_on_roofline(0, 100, 20, 100, std::nullopt));
  EXPECT_FALSE(place_on_roofline(0, 0, 20, 100, 10));
  EXPECT_FALSE(place_on_roofline(200, 100, 0, 100, 10));
}

TEST(Roofline, BeatenCeiling) {
  const RooflinePlace memory{Roof::memory, 1, 10, 1.5}, arithmetic{Roof::arithmetic, 20, 100, 1.2};
  EXPECT_FALSE(explain_beaten_ceiling({Roof::memory, 1, 10, 1.03}, "", 10, 100, false));
  const auto cached = explain_beaten_ceiling(memory, "", 10, 100, false);
  EXPECT_THAT(cached->why, HasSubstr("stay in a cache"));
  EXPECT_FALSE(cached->error);
  EXPECT_TRUE(explain_beaten_ceiling(memory, "", 10, 100, true)->error);
  EXPECT_TRUE(explain_beaten_ceiling(memory, "", 1000, 100, false)->error);
  const auto winograd = explain_beaten_ceiling(arithmetic, "wino:4x3 Winograd", 10, 100, false);
  EXPECT_THAT(winograd->why, HasSubstr("fewer multiplications"));
  EXPECT_FALSE(winograd->error);
  EXPECT_TRUE(explain_beaten_ceiling(arithmetic, "gemm", 10, 100, false)->error);
}

}  // namespace
}  // namespace whygpu
