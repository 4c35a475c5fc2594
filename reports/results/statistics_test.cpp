#include "reports/results/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace whygpu {
namespace {

std::vector<double> counting(int n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Median, OddEvenSingle) {
  EXPECT_EQ(median(std::vector{3.0, 1.0, 2.0}), 2);
  EXPECT_EQ(median(std::vector{4.0, 1.0, 3.0, 2.0}), 2.5);
  EXPECT_EQ(median(std::vector{7.0}), 7);
}

TEST(Median, RefusesEmptyAndNan) {
  EXPECT_THROW(median({}), std::invalid_argument);
  EXPECT_THROW(median(std::vector{1.0, std::numeric_limits<double>::quiet_NaN()}), std::invalid_argument);
}

TEST(Quantile, Interpolates) {
  const std::vector values{10.0, 20.0, 30.0, 40.0};
  EXPECT_EQ(quantile(values, 0), 10);
  EXPECT_EQ(quantile(values, 1), 40);
  EXPECT_DOUBLE_EQ(quantile(values, 0.25), 17.5);
  EXPECT_THROW(quantile(values, 1.5), std::invalid_argument);
  EXPECT_THROW(quantile(values, std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
}

TEST(MedianAbsoluteDeviation, IgnoresOutlier) {
  EXPECT_EQ(median_absolute_deviation(std::vector{1.0, 2.0, 3.0, 4.0, 1000.0}), 1);
}

// Ranks from published tables of the sign test.
TEST(MedianInterval, PublishedRanks) {
  const struct {
    int n;
    double low, high;
  } known[] = {{6, 1, 6}, {8, 1, 8}, {9, 2, 8}, {12, 3, 10}, {15, 4, 12}, {20, 6, 15}, {25, 8, 18}};
  for (const auto& [n, low, high] : known) {
    EXPECT_EQ(median_interval(counting(n)), (Interval{low, high})) << n << " values";
  }
}

TEST(MedianInterval, NeedsSixValues) {
  EXPECT_EQ(median_interval(counting(5)), std::nullopt);
  EXPECT_EQ(median_interval({}), std::nullopt);
}

TEST(MedianInterval, NoUnderflow) {
  const auto interval = median_interval(counting(20'000));
  ASSERT_TRUE(interval);
  // The normal approximation: n/2 ± 1.96·√n/2.
  EXPECT_NEAR(interval->low, 10'000 - 1.96 * std::sqrt(20'000) / 2, 2);
  EXPECT_NEAR(interval->high, 10'001 + 1.96 * std::sqrt(20'000) / 2, 2);
}

TEST(MedianInterval, SkewedCoverage) {
  std::mt19937 random(7);
  std::lognormal_distribution<double> skewed(0, 1);  // median 1
  int covered = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<double> values(15);
    for (double& value : values) value = skewed(random);
    const auto interval = median_interval(values);
    covered += interval->low <= 1 && 1 <= interval->high ? 1 : 0;
  }
  EXPECT_GE(covered, 1900);  // 96.5% expected
  EXPECT_LE(covered, 1970);
}

TEST(RelativeHalfWidth, FractionOfMedian) {
  EXPECT_DOUBLE_EQ(*relative_half_width(std::vector{90.0, 95.0, 100.0, 100.0, 105.0, 110.0}), 0.1);
  EXPECT_EQ(relative_half_width(std::vector{1.0, 2.0}), std::nullopt);
  EXPECT_EQ(relative_half_width(std::vector{-1.0, -1.0, 0.0, 0.0, 1.0, 1.0}), std::nullopt);
}

}  // namespace
}  // namespace whygpu
