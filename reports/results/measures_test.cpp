#include "reports/results/measures.h"

#include <gtest/gtest.h>

#include "reports/results/synthetic_file.h"

namespace whygpu {
namespace {

TEST(Measures, MedianOfRoundMedians) {
  SyntheticFile file;
  auto& record = file.ok("gemm m=1", "naive", {10, 20, 40}, 1000, 400);
  record["rounds"][1]["samples_ns"] = {9000, 20, 20};  // one outlier has no effect
  const auto c = file.file().cases[0];
  EXPECT_EQ(time_ns(c)->value, 20);
  EXPECT_EQ(gflops(c)->value, 50);
  EXPECT_EQ(gigabytes_per_second(c)->value, 20);
}

TEST(Measures, SpreadByRounds) {
  SyntheticFile file;
  file.ok("gemm m=1", "naive", {10}, 1);
  file.ok("gemm m=2", "naive", {10, 20, 30}, 1);
  file.ok("gemm m=3", "naive", {10, 12, 13, 14, 15, 16, 17, 30}, 1);
  const auto cases = file.file().cases;
  EXPECT_FALSE(time_ns(cases[0])->spread);
  EXPECT_FALSE(time_ns(cases[0])->relative_half_width());
  EXPECT_EQ(time_ns(cases[1])->spread, (Interval{10, 30}));
  EXPECT_FALSE(time_ns(cases[1])->is_interval);
  EXPECT_EQ(*time_ns(cases[1])->relative_half_width(), 0.5);
  EXPECT_TRUE(time_ns(cases[2])->is_interval);
  EXPECT_EQ(time_ns(cases[2])->spread, (Interval{10, 30}));
}

TEST(Measures, NotTimed) {
  SyntheticFile file;
  file.not_ok("gemm m=1", "naive", "incorrect", "wrong by 3");
  file.ok("memory bytes=64", "naive", {10}, 0, 640);
  const auto cases = file.file().cases;
  EXPECT_FALSE(time_ns(cases[0]));
  EXPECT_FALSE(gflops(cases[0]));
  EXPECT_FALSE(gflops(cases[1]));
  EXPECT_EQ(gigabytes_per_second(cases[1])->value, 64);
}

TEST(Measures, DetailMedians) {
  SyntheticFile file;
  auto& record = file.ok("gemm m=1", "naive", {10, 10, 10}, 1);
  record["rounds"][0]["details"] = {{"average_watts", 10.0}};
  record["rounds"][2]["details"] = {{"average_watts", 30.0}};
  const auto c = file.file().cases[0];
  EXPECT_EQ(detail(c, "average_watts")->value, 20);
  EXPECT_FALSE(detail(c, "joules"));
}

TEST(Measures, ConservativeRatios) {
  const Estimate slow{100, Interval{90, 110}, true};
  const Estimate fast{10, Interval{8, 12}, true};
  const auto speedup = ratio(slow, fast);
  EXPECT_EQ(speedup.value, 10);
  EXPECT_EQ(speedup.low(), 7.5);
  EXPECT_EQ(speedup.high(), 13.75);
  EXPECT_FALSE(ratio(slow, Estimate{10, std::nullopt, false}).spread);
}

TEST(Measures, InverseRatio) {
  const auto rate = Estimate{10, Interval{8, 16}, true}.inverse(80);
  EXPECT_EQ(rate.value, 8);
  EXPECT_EQ(rate.spread, (Interval{5, 10}));
}

}  // namespace
}  // namespace whygpu
