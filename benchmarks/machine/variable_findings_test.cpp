#include "benchmarks/machine/variable_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace whygpu {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
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

// A library without kernels for this processor, as BLIS 0.9 is on Zen 5.
BackendRecord generic_blis() {
  return {"blis",
          "BLIS 0.9.0",
          "",
          {{"dispatch", "generic"}, {"threads", "2"}, {kFasterWith, "BLIS_ARCH_TYPE=6 (kernels for zen3)"}},
          DeviceRecord{}};
}

TEST(VariableFindings, BetterKernelsAreKept) {
  const BackendRecord chosen{"blis", "BLIS 0.9.0", "", {{"dispatch", "zen3"}, {"threads", "2"}}, DeviceRecord{}};
  const auto findings = variable_findings(chosen, generic_blis(), {{"BLIS_ARCH_TYPE", "6"}});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_FALSE(findings[0].serious);
  EXPECT_EQ(findings[0].what,
            "blis runs kernels for zen3 because of BLIS_ARCH_TYPE=6; by default it would choose generic");
  EXPECT_EQ(findings[0].remedy, "report it with the results: BLIS 0.9.0 has no kernels for this processor");
}

TEST(KernelFindings, GenericKernelsAreSerious) {
  const auto findings = kernel_findings({openblas("SkylakeX"), generic_blis()});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_TRUE(findings[0].serious);
  EXPECT_EQ(findings[0].what,
            "blis (BLIS 0.9.0) has no kernels for this processor and runs generic ones, several times slower");
  EXPECT_EQ(findings[0].remedy, "set BLIS_ARCH_TYPE=6 (kernels for zen3)");
}

TEST(DispatchVariables, OfEveryLibrary) {
  for (const char* name : {"OPENBLAS_CORETYPE", "BLIS_ARCH_TYPE", "LIBXSMM_TARGET", "ONEDNN_MAX_CPU_ISA"}) {
    setenv(name, "whygpu-test", 1);
    EXPECT_THAT(dispatch_variables(), Contains(Pair(name, "whygpu-test")));
    unsetenv(name);
  }
}

TEST(VariableCost, SpeedUpIsKept) {
  const FindingRecord finding = variable_cost("blis", "BLIS_ARCH_TYPE=6", "gemm m=1024", 0.25);
  EXPECT_FALSE(finding.serious);
  EXPECT_THAT(finding.what, HasSubstr("4.00 times as fast"));
  EXPECT_EQ(finding.remedy, "keep it, and report it with the results");
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
