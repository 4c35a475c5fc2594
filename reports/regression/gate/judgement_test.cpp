#include "reports/regression/gate/judgement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace whygpu {
namespace {

ExitCode code(std::vector<Ruling> rulings, bool strict = false) { return exit_code(rulings, strict); }

TEST(Judgement, ExitCodes) {
  using enum Ruling;
  EXPECT_EQ(code({same, faster}), ExitCode::nothing_slower);
  EXPECT_EQ(code({same, undecided}), ExitCode::nothing_slower);
  EXPECT_EQ(code({same, undecided}, true), ExitCode::undecided);
  EXPECT_EQ(code({missing, slower, undecided}, true), ExitCode::slower);
  EXPECT_EQ(code({same, missing}), ExitCode::not_judged);
  EXPECT_EQ(code({incorrect, undecided}, true), ExitCode::not_judged);
  EXPECT_EQ(code({}), ExitCode::not_judged) << "an empty comparison is not judged";
}

TEST(Judgement, NameRoundTrip) {
  using enum Ruling;
  for (const Ruling ruling : {same, faster, slower, undecided, incorrect, missing}) {
    EXPECT_EQ(parse_ruling(ruling_name(ruling)), ruling);
  }
  EXPECT_THROW(parse_ruling("slow"), std::invalid_argument);
}

TEST(Judgement, PercentOfTime) {
  EXPECT_EQ(percent_text(std::log(1.1)), "+10.0%");
  EXPECT_EQ(percent_text(std::log(0.9692)), "-3.08%");
  EXPECT_EQ(percent_text(0), "+0.00%");
}

}  // namespace
}  // namespace whygpu
