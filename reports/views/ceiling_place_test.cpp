#include "reports/views/ceiling_place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whygpu {
namespace {

// A processor of 100 GFLOP/s in f32, 10 GB/s of memory, 40 GB/s of L3 and 80 GB/s of L2, with 1 MB of cache.
ResultFile file() {
  ResultFile file;
  file.backends.push_back(
      {"lib", "1", "", {}, DeviceRecord{RecordedDevice::cpu, "CPU", 10'000'000'000, 1'000'000, {}}});
  file.ceilings = {{"CPU", CeilingKind::flops, "f32", "", 100e9, "FLOP/s", ""},
                   {"CPU", CeilingKind::bandwidth, "", "memory", 10e9, "B/s", ""},
                   {"CPU", CeilingKind::bandwidth, "", "L3", 40e9, "B/s", ""},
                   {"CPU", CeilingKind::bandwidth, "", "L2", 80e9, "B/s", ""}};
  return file;
}

CaseRecord ran(const std::string& workload, double flops, double bytes, double set_bytes, double ns) {
  CaseRecord record;
  record.workload = workload;
  record.backend = "lib";
  record.values = {{"dtype", "f32"}, {"mode", "hot"}};
  record.flops = flops;
  record.bytes = bytes;
  record.set_bytes = set_bytes;
  record.rounds.resize(1);
  record.rounds[0].samples_ns = {ns};
  return record;
}

TEST(CeilingPlace, LargeOperands) {
  const auto place = ceiling_place(file(), ran("gemm", 2e9, 1e9, 1e9, 1e9));  // 2 GFLOP/s under 20
  ASSERT_TRUE(place);
  EXPECT_EQ(place->place.roof, Roof::memory);
  EXPECT_EQ(place->level, "memory");
  EXPECT_DOUBLE_EQ(place->place.fraction, 0.1);
}

TEST(CeilingPlace, ComputeBound) {
  const auto place = ceiling_place(file(), ran("gemm", 100e9, 1e9, 1e9, 2e9));
  ASSERT_TRUE(place);
  EXPECT_EQ(place->place.roof, Roof::arithmetic);
  EXPECT_DOUBLE_EQ(place->place.fraction, 0.5);
}

TEST(CeilingPlace, HotSmallOperands) {
  EXPECT_EQ(ceiling_place(file(), ran("memory", 1, 30e9, 1e5, 1e9))->level, "L3");
  EXPECT_EQ(ceiling_place(file(), ran("memory", 1, 60e9, 1e5, 1e9))->level, "L2");
  auto cold = ran("memory", 1, 5e9, 1e5, 1e9);
  cold.values["mode"] = "cold";
  EXPECT_EQ(ceiling_place(file(), cold)->level, "memory");
}

TEST(CeilingPlace, BeatenCeiling) {
  EXPECT_FALSE(ceiling_place(file(), ran("memory", 0, 10.2e9, 1e9, 1e9))->beaten);
  EXPECT_TRUE(ceiling_place(file(), ran("memory", 0, 12e9, 1e9, 1e9))->beaten->error);
  EXPECT_TRUE(ceiling_place(file(), ran("gemm", 120e9, 1e6, 1e9, 1e9))->beaten->error);
}

TEST(CeilingPlace, WidenedDtypes) {
  auto half = ran("gemm", 50e9, 1e6, 1e9, 1e9);
  half.values["dtype"] = "f16";
  const auto place = ceiling_place(file(), half);
  ASSERT_TRUE(place);
  EXPECT_TRUE(place->widened);
  EXPECT_DOUBLE_EQ(place->place.fraction, 0.5);
}

TEST(CeilingPlace, BandwidthOnRequest) {
  const auto place = ceiling_place(file(), ran("gemm", 100e9, 5e9, 1e9, 1e9), Against::bandwidth);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->place.roof, Roof::memory);
  EXPECT_DOUBLE_EQ(place->place.fraction, 0.5);
}

TEST(Contradictions, CountedPerCeiling) {
  auto measured = file();
  measured.cases = {ran("gemm", 134e9, 1e6, 1e9, 1e9), ran("gemm", 110e9, 1e6, 1e9, 1e9),
                    ran("gemm", 50e9, 1e6, 1e9, 1e9)};
  EXPECT_THAT(suspicion(measured, measured.cases[0]), testing::HasSubstr("error"));
  EXPECT_EQ(suspicion(measured, measured.cases[2]), "");
  EXPECT_THAT(contradictions(measured),
              testing::ElementsAre(
                  testing::StartsWith("error: 2 cases are up to 34% above the measured ceiling of f32 arithmetic: ")));
  measured.cases.erase(measured.cases.begin(), measured.cases.begin() + 2);
  EXPECT_THAT(contradictions(measured), testing::IsEmpty());
}

// One thread that was given, two that were busy.
TEST(Suspicion, MoreCpuTimeThanThreads) {
  auto measured = file();
  measured.run.threads = 1;
  auto record = ran("gemm", 1e9, 1e6, 1e9, 1e9);
  record.rounds[0].cpu_ns = 1.1e9;
  EXPECT_EQ(suspicion(measured, record), "");
  record.rounds[0].cpu_ns = 2e9;
  EXPECT_THAT(suspicion(measured, record), testing::HasSubstr("2 threads were busy with --threads 1"));
  measured.run.threads = 2;
  EXPECT_EQ(suspicion(measured, record), "");
  // Stalls in a few samples lengthen the means of both times, and not the median.
  measured.run.threads = 1;
  auto stalled = ran("gemm", 1e9, 1e6, 1e9, 1e9);
  stalled.rounds[0].samples_ns = {1e9, 1e9, 1e9, 10e9};
  stalled.rounds[0].cpu_ns = 3.2e9;
  EXPECT_EQ(suspicion(measured, stalled), "");
  auto brief = ran("gemm", 1e3, 1e3, 1e3, 1e5);  // a sample of 0.1 ms
  brief.rounds[0].cpu_ns = 3e5;
  EXPECT_EQ(suspicion(measured, brief), "");
  auto cold = ran("gemm", 1e9, 1e6, 1e9, 1e9);
  cold.values["mode"] = "cold";
  cold.rounds[0].cpu_ns = 2e9;
  EXPECT_THAT(suspicion(measured, cold), testing::HasSubstr("2 threads were busy"));
}

TEST(DisturbedCeilings, NoUndisturbedVisit) {
  auto measured = file();
  EXPECT_EQ(describe_disturbed_ceilings(measured), "");
  measured.ceilings[0].visits = 3;
  measured.ceilings[0].undisturbed = 1;
  EXPECT_EQ(describe_disturbed_ceilings(measured), "");
  measured.ceilings[0].undisturbed = 0;
  EXPECT_THAT(describe_disturbed_ceilings(measured), testing::HasSubstr("all 3 visits"));
}

TEST(CeilingPlace, NoCeiling) {
  auto other = ran("gemm", 1e9, 1e9, 1e9, 1e9);
  other.values["dtype"] = "f64";
  EXPECT_FALSE(ceiling_place(file(), other));
  auto failed = ran("gemm", 1e9, 1e9, 1e9, 1e9);
  failed.status = Status::failed;
  EXPECT_FALSE(ceiling_place(file(), failed));
  EXPECT_FALSE(ceiling_place(ResultFile{}, ran("gemm", 1e9, 1e9, 1e9, 1e9)));
}

TEST(CeilingPlace, RanksHaveACeilingEach) {
  auto step = ran("training_step", 150e9, 1e6, 1e9, 1e9);
  step.ranks = {{"a", "CPU", "0"}, {"a", "CPU", "1"}};
  const auto place = ceiling_place(file(), step);
  ASSERT_TRUE(place);
  EXPECT_DOUBLE_EQ(place->place.fraction, 0.75);
  EXPECT_FALSE(place->beaten);
}

TEST(CeilingPlace, CollectivesHaveNone) {
  auto collective = ran("allreduce", 0, 50e9, 1e9, 1e9);
  collective.ranks = {{"a", "CPU", "0"}, {"a", "CPU", "1"}};
  EXPECT_FALSE(ceiling_place(file(), collective));
}

}  // namespace
}  // namespace whygpu
