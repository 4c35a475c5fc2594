#include "reports/regression/gate/gate_schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <random>

namespace whygpu {
namespace {

// Runs a schedule to its end; `pair` gives the log-ratio of a pair of a case.
void run(GateSchedule& schedule, const std::function<double(std::size_t)>& pair) {
  while (const auto index = schedule.next()) schedule.add(*index, pair(*index));
}

class GateScheduleTest : public testing::Test {
 protected:
  double noise(double scatter) { return scatter * normal_(random_); }

  std::mt19937_64 random_{11};
  std::normal_distribution<double> normal_;
};

TEST_F(GateScheduleTest, SameAfterSixPairs) {
  GateSchedule schedule(20, {}, 1);
  run(schedule, [&](std::size_t) { return noise(0.01); });
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(schedule.judge(i).ruling, Ruling::same);
    EXPECT_EQ(schedule.judge(i).pairs, 6U);
  }
  EXPECT_EQ(schedule.pairs_left(), 0U);
}

TEST_F(GateScheduleTest, FindsChanges) {
  GateSchedule schedule(20, {}, 1);
  run(schedule, [&](std::size_t i) { return noise(0.02) + (i == 7 ? std::log(1.1) : i == 9 ? std::log(0.8) : 0); });
  for (std::size_t i = 0; i < 20; ++i) {
    const auto expected = i == 7 ? Ruling::slower : i == 9 ? Ruling::faster : Ruling::same;
    EXPECT_EQ(schedule.judge(i).ruling, expected) << i;
  }
  EXPECT_NEAR(percent(*schedule.judge(7).change), 10, 2);
  EXPECT_LE(schedule.judge(7).pairs, 40U);
}

TEST_F(GateScheduleTest, BelowThreshold) {
  GateSchedule schedule(1, {.threshold = 0.05}, 1);
  run(schedule, [&](std::size_t) { return noise(0.002) + std::log(1.03); });
  EXPECT_EQ(schedule.judge(0).ruling, Ruling::same);
}

// A change of 4% that is certain, while its interval reaches beyond the threshold of 5%, is not "slower".
TEST_F(GateScheduleTest, CertainAndSmall) {
  GateSchedule schedule(1, {.threshold = 0.05}, 1);
  for (std::size_t pair = 0; schedule.next(); ++pair) {
    schedule.add(0, std::log(1.04) + (pair % 2 == 0 ? 0.02 : -0.02));
    EXPECT_NE(schedule.judge(0).ruling, Ruling::slower) << pair;
  }
}

TEST_F(GateScheduleTest, NoiseIsUndecided) {
  GateSchedule schedule(20, {}, 1);
  run(schedule, [&](std::size_t i) { return noise(i == 3 ? 0.4 : 0.01); });
  const auto judgement = schedule.judge(3);
  EXPECT_EQ(judgement.ruling, Ruling::undecided);
  ASSERT_TRUE(judgement.visible);
  EXPECT_GT(*judgement.visible, std::log(1.1));
  EXPECT_EQ(judgement.pairs, 40U);
}

TEST_F(GateScheduleTest, RoundRobin) {
  GateSchedule schedule(5, {}, 1);
  std::map<std::size_t, int> pairs;
  for (int i = 0; i < 15; ++i) {
    const auto index = schedule.next();
    ASSERT_TRUE(index);
    EXPECT_EQ(pairs[*index]++, i / 5);
    schedule.add(*index, 1.0);
  }
}

TEST_F(GateScheduleTest, SuspectsFirst) {
  GateSchedule schedule(2, {}, 1);
  // Case 0 is noisy, case 1 is 4% slower: near the threshold, not beyond it.
  for (std::size_t pair = 0; pair < 10; ++pair) {
    schedule.add(0, pair % 2 == 0 ? 0.3 : -0.3);
    schedule.add(1, pair == 0 ? 0.2 : 0.04 + 0.002 * static_cast<double>(pair));
  }
  ASSERT_TRUE(schedule.wants_pair(0));
  for (int i = 0; i < 6; ++i) {
    const auto index = schedule.next();
    ASSERT_EQ(index, 1U);
    schedule.add(*index, 0.05);
  }
}

TEST_F(GateScheduleTest, DroppedCase) {
  GateSchedule schedule(2, {}, 1);
  schedule.drop(0);
  run(schedule, [&](std::size_t index) {
    EXPECT_EQ(index, 1U);
    return noise(0.01);
  });
}

TEST_F(GateScheduleTest, NoPairs) {
  const GateSchedule schedule(1, {}, 1);
  EXPECT_EQ(schedule.judge(0).ruling, Ruling::undecided);
  EXPECT_FALSE(schedule.judge(0).change);
  EXPECT_EQ(schedule.judge(0).reason, "not measured within the budget");
}

TEST_F(GateScheduleTest, HeavyTails) {
  int alarms = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    GateSchedule schedule(20, {}, seed);
    run(schedule, [&](std::size_t) { return noise(0.03) / (0.1 + std::fabs(normal_(random_))); });
    for (std::size_t i = 0; i < 20; ++i) {
      alarms += schedule.judge(i).ruling == Ruling::slower || schedule.judge(i).ruling == Ruling::faster;
    }
  }
  EXPECT_LE(alarms, 4) << "of 200 gates";
}

}  // namespace
}  // namespace whygpu
