#include "benchmarks/machine/machine_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whygpu {
namespace {

using testing::HasSubstr;

std::vector<MeterOffer> offers(const std::string& reason) {
  std::vector<MeterOffer> list;
  list.push_back({"rapl (powercap)", nullptr, reason});
  list.push_back({"nvml", nullptr, "no library"});
  return list;
}

TEST(MeterFindings, NamesTheCommandThatGrants) {
  const auto findings =
      meter_findings(offers("energy_uj: Permission denied; `sudo chmod a+r x` grants it until the next boot"));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].remedy, "sudo chmod a+r x");
}

TEST(MeterFindings, SaysWhyThereIsNone) {
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

TEST(GpuFindings, IsSilentAboutAHealthyCardAndAboutWhatIsNotShown) {
  EXPECT_TRUE(gpu_findings(healthy()).empty());
  GpuState unknown;
  unknown.name = "unknown";
  EXPECT_TRUE(gpu_findings(unknown).empty());
}

TEST(GpuFindings, NamesEachFault) {
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
}

TEST(CeilingFindings, TellsWhereALowCeilingIsLost) {
  const Catalogue catalogue = Catalogue::standard();
  Ceiling low{"NVIDIA L4", "bandwidth", "", "memory", 150e9, "B/s", ""}, good = low;  // 300 GB/s are promised
  good.value = 280e9;
  GpuState gpu = healthy();
  EXPECT_TRUE(ceiling_findings({good}, catalogue, {gpu}).empty());
  gpu.processes = {17};
  const auto findings = ceiling_findings({low, good}, catalogue, {gpu});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].what, HasSubstr("50% of the memory bandwidth"));
  EXPECT_THAT(findings[0].remedy, HasSubstr("other processes"));
  EXPECT_TRUE(ceiling_findings({{"Unknown CPU", "flops", "f32", "", 1, "FLOP/s", ""}}, catalogue, {}).empty());
}

TEST(VariableCost, SaysHowMuch) {
  const Finding finding = variable_cost("openblas", "OPENBLAS_CORETYPE=Haswell", "gemm m=1024", 1.987);
  EXPECT_TRUE(finding.serious);
  EXPECT_THAT(finding.what, HasSubstr("1.99 times as slow"));
  EXPECT_EQ(finding.remedy, "unset OPENBLAS_CORETYPE");
  EXPECT_FALSE(variable_cost("openblas", "A=b", "", 1.0).serious);
}

}  // namespace
}  // namespace whygpu
