#include "reports/charts/sample_groups.h"

#include <gtest/gtest.h>

#include <cmath>

namespace whygpu {
namespace {

// Evenly spaced quantiles, without randomness.
std::vector<double> uniform(double low, double high, int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(low + (high - low) * i / (count - 1));
  return values;
}

std::vector<double> both(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(SampleGroups, TwoModes) {
  const auto groups = two_groups(both(uniform(98, 102, 60), uniform(155, 160, 40)));
  ASSERT_TRUE(groups);
  EXPECT_NEAR(groups->low, 100, 0.5);
  EXPECT_NEAR(groups->high, 157.5, 0.5);
  EXPECT_NEAR(groups->share_high, 0.4, 1e-9);
}

TEST(SampleGroups, OneMode) {
  EXPECT_FALSE(two_groups(uniform(98, 160, 100)));
  EXPECT_FALSE(two_groups(std::vector<double>(100, 5.0)));
}

TEST(SampleGroups, FewOutliersAreNoGroup) {
  EXPECT_FALSE(two_groups(both(uniform(98, 102, 95), uniform(155, 160, 5))));
}

TEST(SampleGroups, CloseModesAndFewSamples) {
  EXPECT_FALSE(two_groups(both(uniform(100, 100.1, 50), uniform(103, 103.1, 50))));
  EXPECT_FALSE(two_groups(both(uniform(98, 102, 9), uniform(155, 160, 9))));
}

}  // namespace
}  // namespace whygpu
