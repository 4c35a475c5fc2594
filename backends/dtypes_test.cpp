#include "backends/dtypes.h"

#include <gtest/gtest.h>

namespace whygpu {
namespace {

// Converting every code of a small float to float and back must give the same code, which tests both directions.
template <class T>
void expect_round_trip(int codes) {
  for (int code = 0; code < codes; ++code) {
    T value;
    value.bits = static_cast<decltype(value.bits)>(code);
    const auto wide = static_cast<float>(value);
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(static_cast<float>(T(wide)))) << code;
    } else {
      EXPECT_EQ(T(wide).bits, value.bits) << code;
    }
  }
}

TEST(Dtypes, RoundTrip) {
  expect_round_trip<BFloat16>(1 << 16);
  expect_round_trip<Float16>(1 << 16);
  expect_round_trip<Float8E4M3>(1 << 8);
}

TEST(Dtypes, KnownValues) {
  EXPECT_EQ(BFloat16(1.0F).bits, 0x3f80);
  EXPECT_EQ(Float16(1.0F).bits, 0x3c00);
  EXPECT_EQ(Float8E4M3(1.0F).bits, 0x38);
  EXPECT_EQ(static_cast<float>(Float8E4M3(1000.0F)), 448.0F);
  EXPECT_EQ(static_cast<float>(Float8E4M3(0x1p-9F)), 0x1p-9F);
}

TEST(Dtypes, RoundsToNearestEven) {
  EXPECT_EQ(static_cast<float>(BFloat16(1.0F + 0x1p-8F)), 1.0F);  // a tie goes to the even code
  EXPECT_EQ(static_cast<float>(BFloat16(1.0F + 3 * 0x1p-8F)), 1.0F + 0x1p-6F);
  EXPECT_EQ(static_cast<float>(BFloat16(1.0F + 0x1.1p-8F)), 1.0F + 0x1p-7F);
  EXPECT_EQ(static_cast<float>(Float8E4M3(1.0625F)), 1.0F);
  EXPECT_EQ(static_cast<float>(Float8E4M3(1.1875F)), 1.25F);
  EXPECT_EQ(static_cast<float>(Float8E4M3(1.9999F)), 2.0F);  // a carry reaches the exponent
  EXPECT_EQ(round_to_tf32(1.0F + 0x1p-11F), 1.0F);
  EXPECT_EQ(round_to_tf32(1.0F + 0x1.1p-11F), 1.0F + 0x1p-10F);
}

}  // namespace
}  // namespace whygpu
