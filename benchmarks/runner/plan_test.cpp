#include "benchmarks/runner/plan.h"

#include <gtest/gtest.h>

namespace whygpu {
namespace {

// A backend that is not there is unsupported; one that crashed must not end a run with success.
TEST(Plan, RefusalsOfMissingAndCrashedBackends) {
  PlannedRun planned;
  planned.cases = {parse_case("gemm m=8 n=8 k=8 backend=missing"), parse_case("gemm m=8 n=8 k=8 backend=killed"),
                   parse_case("gemm m=8 n=8 k=8 backend=fine")};
  planned.facts.backends = {{.name = "missing", .reason = "no such library"},
                            {.name = "killed", .reason = "worker ended with signal 9", .crashed = true},
                            {.name = "fine", .device = DeviceRecord{}}};
  const auto refusals = planned.refusals();
  ASSERT_EQ(refusals.size(), 2U);
  EXPECT_EQ(refusals[0].status, Status::unsupported);
  EXPECT_EQ(refusals[0].reason, "no such library");
  EXPECT_EQ(refusals[1].status, Status::failed);
}

}  // namespace
}  // namespace whygpu
