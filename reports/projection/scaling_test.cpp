#include "reports/projection/scaling.h"

#include <gtest/gtest.h>

#include <array>

namespace whygpu::projection {
namespace {

constexpr AllReduceModel kTrue{5e-6, 1e-10, 2};

std::array<AllReduceTime, 3> times_on(int ranks) {
  std::array<AllReduceTime, 3> times{AllReduceTime{8}, {65536}, {16777216}};
  for (auto& time : times) time.seconds = kTrue.seconds(time.bytes, ranks);
  return times;
}

TEST(AllReduceModel, CountsMessagesAndBytes) {
  EXPECT_DOUBLE_EQ(kTrue.seconds(0, 2), 2 * 5e-6);
  EXPECT_DOUBLE_EQ(kTrue.seconds(0, 5), 6 * 5e-6);
  EXPECT_DOUBLE_EQ(kTrue.seconds(1e9, 4), 4 * 5e-6 + 1.5 * 0.1);
  EXPECT_EQ(kTrue.seconds(1e9, 1), 0);
}

TEST(FitAllReduce, FindsWhatMadeTheTimes) {
  for (const int ranks : {2, 3, 8}) {
    const auto model = fit_all_reduce(times_on(ranks), ranks);
    ASSERT_TRUE(model);
    EXPECT_NEAR(model->latency_seconds, 5e-6, 1e-12);
    EXPECT_NEAR(model->seconds_per_byte, 1e-10, 1e-16);
    EXPECT_LT(model->worst_error, 1e-9);
  }
}

TEST(FitAllReduce, NeitherPartIsNegative) {
  const std::array faster_for_more{AllReduceTime{1000, 2e-6}, AllReduceTime{2000, 1e-6}};
  const auto model = fit_all_reduce(faster_for_more, 2);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->seconds_per_byte, 0);
  EXPECT_GT(model->latency_seconds, 0);
  EXPECT_GT(model->worst_error, 0.2);
}

TEST(FitAllReduce, OneSizeIsTooFew) {
  const std::array once{AllReduceTime{1000, 1e-6}};
  const std::array twice{AllReduceTime{1000, 1e-6}, AllReduceTime{1000, 2e-6}};
  EXPECT_FALSE(fit_all_reduce(once, 2));
  EXPECT_FALSE(fit_all_reduce(twice, 2));
  EXPECT_FALSE(fit_all_reduce(times_on(2), 1));
}

TEST(Efficiency, StrongScalingDividesTheComputation) {
  const auto model = *all_reduce_by_bandwidth({1e6, 0.01}, 2);  // 10 ms on 2 ranks, 15 ms on 4
  const StepScaling strong{.one_rank_seconds = 0.06, .gradient_bytes = 1e6};
  EXPECT_DOUBLE_EQ(step_seconds(strong, model, 4), 0.015 + 0.015);
  EXPECT_DOUBLE_EQ(efficiency(strong, model, 4), 0.5);
  EXPECT_DOUBLE_EQ(efficiency(strong, model, 1), 1);
}

TEST(Efficiency, RanksThatShareCpusTakeTurns) {
  const auto model = *all_reduce_by_bandwidth({1e6, 0.01}, 2);
  const StepScaling shared{.one_rank_seconds = 0.06, .gradient_bytes = 1e6, .cpus = 2};
  EXPECT_DOUBLE_EQ(step_seconds(shared, model, 2), 0.03 + 0.01);
  EXPECT_DOUBLE_EQ(step_seconds(shared, model, 4), 0.03 + 0.015);
}

TEST(Efficiency, WeakScalingKeepsItAndHidesAShare) {
  const auto model = *all_reduce_by_bandwidth({1e6, 0.01}, 2);
  const StepScaling weak{.one_rank_seconds = 0.06, .weak = true, .gradient_bytes = 1e6, .hidden = 0.5};
  EXPECT_DOUBLE_EQ(step_seconds(weak, model, 4), 0.06 + 0.0075);
  EXPECT_DOUBLE_EQ(efficiency(weak, model, 4), 0.06 / 0.0675);
}

}  // namespace
}  // namespace whygpu::projection
