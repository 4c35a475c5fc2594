#include "benchmarks/machine/variable_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whygpu {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

BackendRecord openblas(const std::string& core) {
  return {"openblas", "0.3", "", {{"dispatch", core}, {"threads", "2"}}, DeviceRecord{}};
}

TEST(VariableFindings, PinnedCoreIsSerious) {
  const auto findings =
      variable_findings(openblas("Haswell"), openblas("SkylakeX"), {{"OPENBLAS_CORETYPE", "Haswell"}});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_TRUE(findings[0].serious);
  EXPECT_EQ(
      findings[0].what,
      "openblas runs kernels for Haswell because of OPENBLAS_CORETYPE=Haswell; by default it would choose SkylakeX");
  EXPECT_EQ(findings[0].remedy, "unset OPENBLAS_CORETYPE");
}

TEST(VariableFindings, NoneWithoutEffect) {
  EXPECT_THAT(variable_findings(openblas("SkylakeX"), openblas("SkylakeX"), {{"OPENBLAS_CORETYPE", "SkylakeX"}}),
              IsEmpty());
}

TEST(VariableCost, SlowdownIsSerious) {
  const FindingRecord finding = variable_cost("openblas", "OPENBLAS_CORETYPE=Haswell", "gemm m=1024", 1.987);
  EXPECT_TRUE(finding.serious);
  EXPECT_THAT(finding.what, HasSubstr("1.99 times as slow"));
  EXPECT_EQ(finding.remedy, "unset OPENBLAS_CORETYPE");
  EXPECT_FALSE(variable_cost("openblas", "A=b", "", 1.0).serious);
}

}  // namespace
}  // namespace whygpu
