#include "benchmarks/oracles/random_input.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>

namespace whygpu {
namespace {

constexpr std::int64_t kCount = 20'000;

template <class T>
std::vector<T> drawn(DType dtype, InputData data, std::uint64_t seed = 1) {
  const auto bytes = random_values(dtype, kCount, seed, data);
  std::vector<T> values(kCount);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

double variance(const auto& values) {
  double sum = 0, squares = 0;
  for (const auto value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const double mean = sum / static_cast<double>(values.size());
  return squares / static_cast<double>(values.size()) - mean * mean;
}

TEST(RandomValues, VarianceOfEachDistribution) {
  EXPECT_NEAR(variance(drawn<float>(DType::f32, InputData::uniform)), 1.0 / 3, 0.01);
  EXPECT_NEAR(variance(drawn<float>(DType::f32, InputData::normal)), 1, 0.05);
  EXPECT_NEAR(variance(drawn<float>(DType::f32, InputData::integers)), 60.0 / 9, 0.2);
  EXPECT_NEAR(variance(drawn<std::int8_t>(DType::s8, InputData::normal)), 32 * 32, 50);
}

TEST(RandomValues, IntegersAreNineWholeNumbers) {
  const auto values = drawn<float>(DType::f32, InputData::integers);
  EXPECT_EQ(std::set<float>(values.begin(), values.end()), (std::set<float>{-4, -3, -2, -1, 0, 1, 2, 3, 4}));
}

TEST(RandomValues, ZerosOnRequestOnly) {
  EXPECT_EQ(variance(drawn<float>(DType::f32, InputData::zeros)), 0);
  EXPECT_EQ(drawn<float>(DType::f32, InputData::zeros).front(), 0);
  for (const float value : drawn<float>(DType::f32, InputData::uniform)) EXPECT_NE(value, 0);
}

TEST(RandomValues, SeedDecides) {
  EXPECT_EQ(drawn<float>(DType::f32, InputData::normal, 5), drawn<float>(DType::f32, InputData::normal, 5));
  EXPECT_NE(drawn<float>(DType::f32, InputData::normal, 5), drawn<float>(DType::f32, InputData::normal, 6));
}

// A sum of products is likely to be -1, which bytes of 0xff would be.
TEST(Poison, LargestIntegerOrNaN) {
  std::int32_t integer = 0;
  float number = 0;
  std::memcpy(&integer, poison({DType::s32, {1}}).data(), sizeof integer);
  std::memcpy(&number, poison({DType::f32, {1}}).data(), sizeof number);
  EXPECT_EQ(integer, std::numeric_limits<std::int32_t>::max());
  EXPECT_TRUE(std::isnan(number));
}

}  // namespace
}  // namespace whygpu
