#include "benchmarks/runner/gate/pairs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "benchmarks/runner/gate/fake_build.h"

namespace whygpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PairsTest : public testing::Test {
 protected:
  std::vector<Case> cases_ = parse_cases("gemm m=8,16 n=8 k=8 backend=fake");
  TemporaryFolder folder_;
  std::filesystem::path base_ = make_fake_build(folder_.path() / "base", 100);
  std::filesystem::path head_ = make_fake_build(folder_.path() / "head", 110);
};

TEST_F(PairsTest, KeepsAllSamples) {
  PairRunner runner(base_, head_, {}, 1);
  const auto results = runner.run(cases_);
  ASSERT_EQ(results.size(), 2U);
  for (const auto& result : results) {
    EXPECT_EQ(result.base.status, Status::ok) << result.base.reason;
    EXPECT_THAT(result.base.samples_ns, ElementsAre(100.5, 100));
    EXPECT_THAT(result.head.samples_ns, ElementsAre(110.5, 110));
  }
}

TEST_F(PairsTest, OrderIsRandomAndRecorded) {
  PairRunner runner(base_, head_, {}, 1);
  std::set<bool> orders;
  for (int i = 0; i < 12; ++i) orders.insert(runner.run(std::span(cases_).first(1)).front().head_first);
  EXPECT_EQ(orders.size(), 2U);
}

TEST_F(PairsTest, ReportsIncorrectSide) {
  write_file(head_ / "status", "incorrect");
  PairRunner runner(base_, head_, {}, 1);
  const auto results = runner.run(cases_);
  EXPECT_EQ(results[1].base.status, Status::ok);
  EXPECT_EQ(results[1].head.status, Status::incorrect);
  EXPECT_EQ(results[1].head.reason, "because of the test");
}

TEST_F(PairsTest, CrashReportsItsLastLine) {
  write_file(head_ / "status", "crash");
  const auto results = run_side(head_, cases_, {});
  EXPECT_EQ(results[0].status, Status::failed);
  EXPECT_THAT(results[0].reason, HasSubstr("signal 9"));
  EXPECT_THAT(results[0].reason, HasSubstr("cannot go on"));
}

TEST_F(PairsTest, MissingWorkerIsUnsupported) {
  std::filesystem::remove(head_ / "gemm");
  const auto results = run_side(head_, cases_, {});
  EXPECT_EQ(results[0].status, Status::unsupported);
  EXPECT_EQ(results[0].reason, "no worker gemm in this build");
}

}  // namespace
}  // namespace whygpu
