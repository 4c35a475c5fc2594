#include "reports/regression/statistics/paired.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

#include "reports/regression/statistics/normal.h"

namespace whygpu {
namespace {

// Hamilton's depression scale before and after a tranquilizer, nine patients: the worked example of Hollander and
// Wolfe.
const std::vector<double> kDepression = {1.83 - 0.878, 0.50 - 0.647, 1.62 - 0.598, 2.48 - 2.05, 1.68 - 1.06,
                                         1.88 - 1.29,  1.55 - 1.06,  3.06 - 3.14,  1.30 - 1.29};

TEST(SignedRank, WorkedExample) {
  EXPECT_NEAR(signed_rank_p(kDepression, 0, kWilcoxon), 0.01953, 5e-6);
  EXPECT_NEAR(hodges_lehmann(kDepression, kWilcoxon), 0.46, 1e-12);
  const auto interval = signed_rank_interval(kDepression, 0.95, kWilcoxon);
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->low, 0.01, 1e-12);
  EXPECT_NEAR(interval->high, 0.786, 1e-12);
}

TEST(SignedRank, SmallestP) {
  const std::vector<double> d = {0.3, 0.1, 0.4, 0.15, 0.9, 0.26};
  EXPECT_DOUBLE_EQ(signed_rank_p(d), std::pow(0.5, 6));
  EXPECT_DOUBLE_EQ(signed_rank_p(d, 1.0), 1.0);
  EXPECT_DOUBLE_EQ(signed_rank_p(d, 0.1), std::pow(0.5, 5)) << "a value at the centre is dropped";
}

TEST(SignedRank, Ties) {
  // Ranks 2, 2, 2 with one sign against: T = 4; of the eight sign patterns, four have T >= 4.
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector{1.0, 1.0, -1.0}, 0, kWilcoxon), 0.5);
}

TEST(SignedRank, CappedScores) {
  // Scores 1, 2, 2, 2: of the sixteen sign patterns, T = 7 in one, 6 in one, 5 in three.
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector{1.0, 2.0, 3.0, 4.0}), 1.0 / 16);
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector{-1.0, 2.0, 3.0, 4.0}), 2.0 / 16);
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector{1.0, 2.0, 3.0, -4.0}), 5.0 / 16);
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector{1.0, -2.0, 3.0, 4.0}), 5.0 / 16) << "equal weights beyond the cap";
}

TEST(SignedRank, Outliers) {
  std::vector<double> d;
  for (int i = 0; i < 32; ++i) d.push_back(0.10 + 0.001 * i);
  for (int i = 0; i < 4; ++i) d.push_back(0.5 + 0.1 * i);
  for (int i = 0; i < 8; ++i) d.push_back(-0.5 - 0.1 * i);
  EXPECT_LT(signed_rank_p(d), 1e-3);
  EXPECT_GT(signed_rank_p(d, 0, kWilcoxon), 1e-2);
  EXPECT_NEAR(hodges_lehmann(d), 0.11, 0.01);
}

TEST(SignedRank, NoValues) {
  EXPECT_DOUBLE_EQ(signed_rank_p({}), 1.0);
  EXPECT_DOUBLE_EQ(signed_rank_p(std::vector{0.0, 0.0}), 1.0);
  EXPECT_THROW(hodges_lehmann({}), std::invalid_argument);
}

TEST(SignedRank, IntervalNeedsSixValues) {
  EXPECT_FALSE(signed_rank_interval(std::vector{1.0, 2.0, 3.0, 4.0, 5.0}));
  const auto six = signed_rank_interval(std::vector{6.0, 1.0, 2.0, 3.0, 4.0, 5.0});
  ASSERT_TRUE(six);
  EXPECT_EQ(*six, (Interval{1.0, 6.0}));
}

TEST(SignedRank, IntervalMatchesTest) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal(0.1, 1.0);
  std::vector<double> d(25), opposite(25);
  for (std::size_t i = 0; i < d.size(); ++i) d[i] = normal(random), opposite[i] = -d[i];
  for (const double cap : {kRankCap, kWilcoxon}) {
    const auto interval = signed_rank_interval(d, 0.95, cap);
    ASSERT_TRUE(interval);
    EXPECT_GT(signed_rank_p(d, interval->low + 1e-9, cap), 0.025);
    EXPECT_LE(signed_rank_p(d, interval->low - 1e-9, cap), 0.025);
    EXPECT_GT(signed_rank_p(opposite, -interval->high + 1e-9, cap), 0.025);
    EXPECT_LE(signed_rank_p(opposite, -interval->high - 1e-9, cap), 0.025);
    const double estimate = hodges_lehmann(d, cap);
    EXPECT_NEAR(signed_rank_p(d, estimate - 1e-9, cap), signed_rank_p(opposite, -estimate - 1e-9, cap), 0.02);
    EXPECT_DOUBLE_EQ(hodges_lehmann(opposite, cap), -estimate);
  }
}

TEST(SignedRank, Efficiency) {
  constexpr int kSteps = 100'000;
  double with_normal = 0, squares = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double u = (i + 0.5) / kSteps, score = std::min(u, kRankCap);
    with_normal += score * normal_quantile((1 + u) / 2) / kSteps;
    squares += score * score / kSteps;
  }
  EXPECT_NEAR(with_normal * with_normal / squares, kEfficiency, 1e-4);
}

TEST(Normal, Quantiles) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963985, 1e-9);
  EXPECT_NEAR(normal_quantile(1e-5), -4.264890794, 1e-9);
  EXPECT_NEAR(normal_quantile(0.5), 0.0, 1e-12);
  EXPECT_THROW(normal_quantile(1.0), std::invalid_argument);
}

TEST(Student, PublishedTables) {
  EXPECT_NEAR(student_quantile(0.95, 4), 2.776445105, 1e-8);
  EXPECT_NEAR(student_quantile(0.99, 30), 2.749995654, 1e-8);
  EXPECT_NEAR(student_two_sided_p(2.228138852, 10), 0.05, 1e-9);
  EXPECT_NEAR(student_two_sided_p(0, 3), 1.0, 1e-12);
}

}  // namespace
}  // namespace whygpu
