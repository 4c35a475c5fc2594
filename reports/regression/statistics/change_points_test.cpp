#include "reports/regression/statistics/change_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <vector>

namespace whygpu {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

std::vector<double> noise(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& value : values) value = normal(random);
  return values;
}

TEST(ChangePoints, SingleStep) {
  auto values = noise(60, 1);
  for (std::size_t i = 35; i < values.size(); ++i) values[i] += 4;
  const auto found = find_change_points(values);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].index, 35U);
  EXPECT_NEAR(found[0].after - found[0].before, 4, 1);
  EXPECT_LT(found[0].p, 0.006);
}

TEST(ChangePoints, SeveralSteps) {
  auto values = noise(120, 2);
  for (std::size_t i = 40; i < 80; ++i) values[i] += 5;
  for (std::size_t i = 80; i < 120; ++i) values[i] -= 3;
  const auto found = find_change_points(values);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_NEAR(static_cast<double>(found[0].index), 40, 1);
  EXPECT_NEAR(static_cast<double>(found[1].index), 80, 1);
}

TEST(ChangePoints, NoiselessStep) {
  std::vector<double> values(20, 1.0);
  for (std::size_t i = 12; i < values.size(); ++i) values[i] = 2.0;
  const auto found = find_change_points(values);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].index, 12U);
}

TEST(ChangePoints, Spike) {
  for (std::size_t position = 0; position < 40; ++position) {
    auto values = noise(40, 3);
    values[position] += 30;
    EXPECT_THAT(find_change_points(values), IsEmpty()) << "spike at " << position;
  }
}

TEST(ChangePoints, EqualOrFewValues) {
  EXPECT_THAT(find_change_points(std::vector<double>(50, 3.0)), IsEmpty());
  EXPECT_THAT(find_change_points(std::vector<double>{1, 1, 1, 9, 9, 9, 9}), IsEmpty());
  EXPECT_THAT(find_change_points({}), IsEmpty());
}

// The errors of a chain of measured steps add up to a random walk, which is not a level change.
TEST(ChangePoints, LinkErrors) {
  const auto steps = noise(100, 4);
  std::vector<double> walk(steps.size());
  for (std::size_t i = 1; i < walk.size(); ++i) walk[i] = walk[i - 1] + steps[i];
  EXPECT_FALSE(find_change_points(walk).empty()) << "the walk must look like a step without link errors";
  EXPECT_THAT(find_change_points(walk, std::vector<double>(walk.size(), 1.0)), IsEmpty());
}

TEST(ChangePoints, MissingErrors) {
  EXPECT_THROW(find_change_points(std::vector<double>{1, 2, 3}, std::vector<double>{1}), std::invalid_argument);
}

}  // namespace
}  // namespace whygpu
