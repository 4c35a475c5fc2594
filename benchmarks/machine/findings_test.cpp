#include "benchmarks/machine/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whygpu {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LoadFindings, StealDuringRunIsSerious) {
  EXPECT_THAT(steal_findings(0.005), IsEmpty());
  ASSERT_THAT(steal_findings(0.034), SizeIs(1));
  EXPECT_TRUE(steal_findings(0.034)[0].serious);
  EXPECT_THAT(steal_findings(0.034)[0].what, HasSubstr("3.4% of the CPU time during the run"));
}

TEST(LoadFindings, OtherLoadAndSteal) {
  EXPECT_THAT(load_findings(cpu_load({0, 0, 0}, {100, 99, 0})), IsEmpty());
  EXPECT_THAT(load_findings(cpu_load({0, 0, 0}, {100, 60, 0})).front().what, HasSubstr("use 40% of the CPU time"));
  EXPECT_THAT(load_findings(cpu_load({0, 0, 0}, {100, 95, 5})).front().what, HasSubstr("takes away 5.0%"));
  EXPECT_THAT(load_findings(cpu_load({5, 5, 0}, {5, 5, 0})), IsEmpty());
}

TEST(RankFindings, MoreThanTheCpusOfOneMachine) {
  RunSettings settings;
  settings.launcher = "mpirun";
  settings.threads = 2;
  EXPECT_THAT(rank_findings(1, settings, 1), IsEmpty());
  EXPECT_THAT(rank_findings(2, settings, 4), IsEmpty());
  EXPECT_THAT(rank_findings(3, settings, 4).front().what, HasSubstr("3 ranks of 2 threads share 4 CPUs"));
  for (const char* launcher : {"srun", "mpirun --hostfile hosts"}) {
    settings.launcher = launcher;
    EXPECT_THAT(rank_findings(3, settings, 4), IsEmpty());
  }
}

TEST(CpuFindings, Settings) {
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

TEST(CpuFindings, EmulationIsSerious) {
  CpuFacts cpu;
  cpu.emulated = true;
  const auto findings = cpu_findings(cpu, std::nullopt, 1);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_TRUE(findings[0].serious);
  EXPECT_THAT(findings[0].what, HasSubstr("emulated"));
}

TEST(NoiseFindings, TwoThresholds) {
  EXPECT_THAT(noise_findings(0.01), IsEmpty());
  EXPECT_FALSE(noise_findings(0.1).front().serious);
  EXPECT_TRUE(noise_findings(0.5).front().serious);
}

std::vector<MeterOffer> offers(const std::string& reason) {
  std::vector<MeterOffer> list;
  list.push_back({"rapl (powercap)", nullptr, reason});
  list.push_back({"nvml", nullptr, "no library"});
  return list;
}

TEST(MeterFindings, NamesCommandForPermission) {
  const auto findings =
      meter_findings(offers("energy_uj: Permission denied; `sudo chmod a+r x` grants it until the next boot"));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].remedy, "sudo chmod a+r x");
}

TEST(MeterFindings, GivesReasonWithoutMeter) {
  const auto findings = meter_findings(offers("no zone"));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].what, AllOf(HasSubstr("no zone"), HasSubstr("no library")));
}

GpuState healthy() {
  GpuState gpu;
  gpu.name = "NVIDIA L4";
  gpu.power_limit_watts = gpu.default_limit_watts = 72;
  gpu.ecc = gpu.persistence = true;
  gpu.mig = false;
  gpu.link_width = gpu.highest_link_width = 16;
  gpu.link_generation = gpu.highest_link_generation = 4;
  return gpu;
}

TEST(GpuFindings, NoneForHealthyOrUnknownCard) {
  EXPECT_TRUE(gpu_findings(healthy()).empty());
  GpuState unknown;
  unknown.name = "unknown";
  EXPECT_TRUE(gpu_findings(unknown).empty());
}

TEST(GpuFindings, EachFault) {
  const auto only = [](auto change) {
    GpuState gpu = healthy();
    change(gpu);
    const auto findings = gpu_findings(gpu);
    return findings.size() == 1 ? findings[0].what : "not one finding";
  };
  EXPECT_THAT(only([](GpuState& g) { g.power_limit_watts = 50; }), HasSubstr("50 W, the board's default 72 W"));
  EXPECT_THAT(only([](GpuState& g) { g.link_width = 8; }), HasSubstr("8 lanes of the 16"));
  EXPECT_THAT(only([](GpuState& g) { g.link_generation = 1; }), HasSubstr("generation 1 of 4"));
  EXPECT_THAT(only([](GpuState& g) { g.mig = true; }), HasSubstr("MIG"));
  EXPECT_THAT(only([](GpuState& g) { g.ecc = false; }), HasSubstr("ECC is off"));
  EXPECT_THAT(only([](GpuState& g) { g.persistence = false; }), HasSubstr("persistence"));
  EXPECT_THAT(only([](GpuState& g) { g.processes = {17, 18}; }), HasSubstr("(17, 18)"));
  EXPECT_THAT(only([](GpuState& g) { g.reports_throttling = false; }), HasSubstr("throttling would go unnoticed"));
}

TEST(GpuFindings, CommandForDefaultLimit) {
  GpuState gpu = healthy();
  gpu.power_limit_watts = 50;
  gpu.default_limit_command = "echo 72000000 > /sys/power1_cap";
  EXPECT_EQ(gpu_findings(gpu).at(0).remedy, "as root: echo 72000000 > /sys/power1_cap");
}

TEST(CeilingFindings, NamesCauseOfLowCeiling) {
  const auto fraction = [](const CeilingRecord& c) -> std::optional<double> {  // 300 GB/s are promised
    return c.device == "NVIDIA L4" ? std::optional(c.value / 300e9) : std::nullopt;
  };
  CeilingRecord low{"NVIDIA L4", CeilingKind::bandwidth, "", "memory", 150e9, "B/s", ""}, good = low;
  good.value = 280e9;
  GpuState gpu = healthy();
  EXPECT_TRUE(ceiling_findings({good}, fraction, {gpu}).empty());
  gpu.processes = {17};
  const auto findings = ceiling_findings({low, good}, fraction, {gpu});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].what, HasSubstr("50% of the memory bandwidth"));
  EXPECT_THAT(findings[0].remedy, HasSubstr("other processes"));
  EXPECT_TRUE(
      ceiling_findings({{"Unknown CPU", CeilingKind::flops, "f32", "", 1, "FLOP/s", ""}}, fraction, {}).empty());
}

TEST(ReachablePrecision, FollowsTheNoise) {
  EXPECT_EQ(reachable_precision(0.02), 0.01);
  EXPECT_EQ(reachable_precision(0.05), 0.03);
  EXPECT_EQ(reachable_precision(0.5), 0.1);
}

}  // namespace
}  // namespace whygpu
