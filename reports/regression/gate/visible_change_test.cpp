#include "reports/regression/gate/visible_change.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "reports/regression/gate/gate_schedule.h"

namespace whygpu {
namespace {

constexpr double kScatter = 0.1;
const double kLimit = std::log1p(0.05);

// Share of gates of `cases` cases that call a case slower by `change` within 40 pairs.
double found(double change, std::size_t cases) {
  constexpr int kGates = 1000;
  std::mt19937_64 random(5);
  std::normal_distribution<double> noise(change, kScatter);
  int slower = 0;
  for (int gate = 0; gate < kGates; ++gate) {
    GateSchedule schedule(cases, {.most_pairs = 40, .most_suspect_pairs = 40}, 1);
    for (std::size_t other = 1; other < cases; ++other) schedule.drop(other);
    while (const auto index = schedule.next()) schedule.add(*index, noise(random));
    slower += schedule.judge(0).ruling == Ruling::slower;
  }
  return slower / static_cast<double>(kGates);
}

// Looks at 6 to 40 pairs as in gate_schedule.cpp, for one of `cases` cases.
std::vector<PlannedLook> looks(double cases) {
  const double level = 0.02 * 0.75 / cases;
  return {{6, 0}, {10, 0.1 * level}, {16, 0.1 * level}, {24, 0.15 * level}, {40, 0.45 * level}};
}

TEST(VisibleChange, FoundIn95Percent) {
  for (const std::size_t cases : {1, 20, 200}) {
    const double change = visible_change(kScatter, kLimit, looks(static_cast<double>(cases)));
    EXPECT_NEAR(found(change, cases), 0.95, 0.025) << cases << " cases, change " << change;
  }
}

TEST(VisibleChange, GrowsWithScatter) {
  double before = kLimit;
  for (const double scatter : {0.02, 0.05, 0.1, 0.3}) {
    const double change = visible_change(scatter, kLimit, looks(20));
    EXPECT_GT(change, before);
    before = change;
  }
  EXPECT_NEAR(visible_change(0, kLimit, looks(20)), kLimit, 1e-12);
}

TEST(VisibleChange, InfiniteWithoutPower) {
  const std::vector<PlannedLook> only_six = {{6, 0}};
  EXPECT_TRUE(std::isinf(visible_change(kScatter, kLimit, only_six)));
}

}  // namespace
}  // namespace whygpu
