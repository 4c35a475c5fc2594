#include "benchmarks/machine/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whygpu {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

BackendProbe openblas(const std::string& core) {
  BackendProbe probe;
  probe.name = "openblas";
  probe.facts = {{"dispatch", core}, {"threads", "2"}};
  probe.device.emplace();
  return probe;
}

TEST(Findings, APinnedCoreIsSerious) {
  const auto findings =
      variable_findings(openblas("Haswell"), openblas("SkylakeX"), {{"OPENBLAS_CORETYPE", "Haswell"}});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_TRUE(findings[0].serious);
  EXPECT_EQ(
      findings[0].what,
      "openblas runs kernels for Haswell because of OPENBLAS_CORETYPE=Haswell; by itself it would choose SkylakeX");
  EXPECT_EQ(findings[0].remedy, "unset OPENBLAS_CORETYPE");
}

TEST(Findings, AVariableWithoutEffectIsNone) {
  EXPECT_THAT(variable_findings(openblas("SkylakeX"), openblas("SkylakeX"), {{"OPENBLAS_CORETYPE", "SkylakeX"}}),
              IsEmpty());
}

TEST(Findings, StealDuringARunIsSerious) {
  EXPECT_THAT(steal_findings(0.005), IsEmpty());
  ASSERT_THAT(steal_findings(0.034), SizeIs(1));
  EXPECT_TRUE(steal_findings(0.034)[0].serious);
  EXPECT_THAT(steal_findings(0.034)[0].what, HasSubstr("3.4% of the CPU time during the run"));
}

TEST(Findings, LoadAndStealOfOthers) {
  EXPECT_THAT(load_findings(busyness({0, 0, 0}, {100, 99, 0})), IsEmpty());
  EXPECT_THAT(load_findings(busyness({0, 0, 0}, {100, 60, 0})).front().what, HasSubstr("use 40% of the CPU time"));
  EXPECT_THAT(load_findings(busyness({0, 0, 0}, {100, 95, 5})).front().what, HasSubstr("takes away 5.0%"));
  EXPECT_THAT(load_findings(busyness({5, 5, 0}, {5, 5, 0})), IsEmpty());
}

TEST(Findings, SettingsOfTheCpu) {
  CpuFacts cpu;
  EXPECT_THAT(cpu_findings(cpu, std::nullopt, 8), IsEmpty());
  EXPECT_THAT(cpu_findings(cpu, 1.5, 2).front().what, HasSubstr("grants 1.50 CPUs"));
  EXPECT_THAT(cpu_findings(cpu, 2, 8).front().what, HasSubstr("8 threads on a quota of 2 CPUs"));
  cpu.online = 2;
  EXPECT_THAT(cpu_findings(cpu, std::nullopt, 2), IsEmpty());
  EXPECT_THAT(cpu_findings(cpu, std::nullopt, 4096).front().what, HasSubstr("4096 threads on 2 CPUs"));
  cpu.governor = "powersave";
  cpu.smt = true;
  const auto findings = cpu_findings(cpu, std::nullopt, 2);
  EXPECT_TRUE(findings.at(0).serious);
  EXPECT_FALSE(findings.at(1).serious);
}

TEST(Findings, NoiseHasTwoThresholds) {
  EXPECT_THAT(noise_findings(0.01), IsEmpty());
  EXPECT_FALSE(noise_findings(0.1).front().serious);
  EXPECT_TRUE(noise_findings(0.5).front().serious);
}

}  // namespace
}  // namespace whygpu
