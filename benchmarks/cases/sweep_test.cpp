#include "benchmarks/cases/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace whygpu {
namespace {

using testing::HasSubstr;

TEST(Sweep, ErrorsNameFileAndLine) {
  try {
    parse_sweep("gemm m=1 n=1 k=1\n\ngemm m=1 n=1 k=0\n", "my.sweep");
    FAIL() << "accepted";
  } catch (const CaseError& error) {
    EXPECT_THAT(error.what(), HasSubstr("my.sweep:3: k=0"));
  }
}

TEST(Sweep, TooManyCasesOfAllLines) {
  const std::string line = "gemm m=1..60000+1 n=1 k=1\n";
  try {
    parse_sweep(line + line, "my.sweep");
    FAIL() << "accepted";
  } catch (const CaseError& error) {
    EXPECT_THAT(error.what(), HasSubstr("my.sweep:2: more than 100000 cases"));
  }
}

TEST(Sweep, EmptyOrUnknown) {
  EXPECT_THROW(parse_sweep("# nothing\n", "empty.sweep"), CaseError);
  try {
    load_sweep("squares");
    FAIL() << "accepted";
  } catch (const CaseError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"square\"?"));
  }
}

TEST(Sweep, BinaryFile) {
  try {
    parse_sweep(std::string_view("\x7f"
                                 "ELF\0\1\x1b[2J",
                                 10),
                "program");
    FAIL() << "accepted";
  } catch (const CaseError& error) {
    EXPECT_STREQ(error.what(),
                 "program: not a text file; a sweep has lines such as gemm m=256..1024*2 n=m k=m dtype=f32");
  }
}

TEST(Sweep, DistinctCases) {
  EXPECT_EQ(parse_sweep("gemm m=1,1 n=1 k=1\ngemm m=1 n=1 k=1 dtype=f32\n", "s").size(), 1U);
}

TEST(Sweep, ShippedSweepsParse) {
  EXPECT_THAT(shipped_sweeps(), testing::Contains("quick"));
  for (const auto& name : shipped_sweeps()) EXPECT_FALSE(load_sweep(name).empty()) << name;
}

// DeepBench publishes 160 distinct training problems, and 75 + 13 for inference, 4 of which are in both lists.
TEST(Sweep, DeepBenchComplete) {
  const auto cases = load_sweep("deepbench");
  const auto s8 = std::count_if(cases.begin(), cases.end(), [](const Case& c) { return c["dtype"] == "s8"; });
  EXPECT_EQ(s8, 84);
  EXPECT_GE(cases.size() - static_cast<std::size_t>(s8), 160U);
}

TEST(Sweep, SpreadOutKeepsEnds) {
  const auto cases = parse_sweep("gemm m=1..100+1 n=1 k=1\n", "s");
  const auto few = spread_out(cases, 5);
  ASSERT_EQ(few.size(), 5U);
  EXPECT_EQ(few.front().number("m"), 1);
  EXPECT_EQ(few.back().number("m"), 100);
}

}  // namespace
}  // namespace whygpu
