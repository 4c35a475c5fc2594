#include "reports/charts/chart_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/page/synthetic_pages.h"

namespace whygpu {
namespace {

using nlohmann::ordered_json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

ordered_json chart(const std::vector<ResultFile>& files, const std::string& id) {
  for (const auto& chart : chart_data(files, {})) {
    if (chart["id"] == id) return chart;
  }
  return {};
}

std::vector<std::string> labels(const ordered_json& list) {
  std::vector<std::string> result;
  for (const auto& one : list) result.push_back(one["label"]);
  return result;
}

TEST(ChartData, BandwidthOverFootprint) {
  EXPECT_TRUE(chart({memory_file().file()}, "speed").is_null());
  const auto picks = chart({memory_file().file()}, "bandwidth")["picks"];
  ASSERT_EQ(picks.size(), 2U);  // also of the kernel that counts FLOPs
  const auto& pick = picks[1];
  std::set<double> sizes;
  for (const auto& point : pick["points"]) sizes.insert(point["x"].get<double>());
  EXPECT_THAT(sizes, ElementsAre(32768, 262144, 2097152, 16777216, 134217728));
  EXPECT_EQ(pick["x_format"], "bytes");
  EXPECT_THAT(labels(pick["marks"]), ElementsAre("L1 384 KiB", "L2 8.00 MiB", "L3 32.0 MiB"));  // of 8 threads
  EXPECT_EQ(pick["rules"][1]["label"], "L2, 8 threads");
  EXPECT_EQ(pick["rules"][1]["x0"], 8 * 49152);
  EXPECT_EQ(pick["rules"][1]["x1"], 8 * 1048576);
}

TEST(ChartData, BarsForTooFewSizes) {
  const std::vector files{cpu_only_file().file()};
  for (const auto& pick : chart(files, "speed")["picks"]) {
    EXPECT_GE(pick["points"].size(), 3U);
    EXPECT_THAT(pick["label"], Not(HasSubstr("FLOP")));
  }
  const auto bars = chart(files, "speed-bars")["picks"][0];
  EXPECT_EQ(bars["heads"][0]["text"], "gemm m=1024 n=16 k=1024 dtype=f32");
  ASSERT_EQ(bars["points"].size(), 3U);
  EXPECT_EQ(bars["points"][2]["row"], 3);
  EXPECT_EQ(bars["rows"], 4);
}

// Points of different shapes are no line.
TEST(ChartData, MixedShapesAreNotConnected) {
  SyntheticFile file;
  for (const char* shape : {"m=7 n=500 k=3", "m=5 n=11 k=13", "m=90 n=1 k=7"}) {
    file.ok("gemm " + std::string(shape), "naive", seven_rounds(10), 10.0 * shape[2]);
  }
  EXPECT_EQ(chart({file.file()}, "speed")["picks"][0]["connected"], false);
  EXPECT_EQ(chart({cpu_only_file().file()}, "speed")["picks"][0]["connected"], true);
}

TEST(ChartData, RooflineOfMostCasesFirst) {
  const auto picks = chart({cpu_and_gpu_file().file()}, "roofline")["picks"];
  ASSERT_EQ(picks.size(), 2U);  // the ceilings name bf16 first
  EXPECT_THAT(picks[0]["label"], HasSubstr("f32"));
  EXPECT_THAT(labels(picks[0]["roofs"]), ElementsAre("f32 peak, 8 threads", "memory, 8 threads"));
  EXPECT_THAT(picks[0]["note"], HasSubstr("memory, 8 threads: 20.0 GB/s"));
}

TEST(ChartData, CeilingsOfTheFilesWithPoints) {
  const std::vector files{cpu_and_gpu_file().file("gemm.json"), memory_file().file("memory.json")};
  for (const auto& pick : chart(files, "speed")["picks"]) {
    for (const auto& rule : pick["rules"]) EXPECT_NE(rule["y"], 300);  // of memory.json
  }
  EXPECT_THAT(chart(files, "roofline")["picks"].dump(), Not(HasSubstr("L2")));
}

// A file is named only where another has the same workload.
TEST(ChartData, NamesOfFilesWhereNeeded) {
  const auto names = [](const std::vector<ResultFile>& files) {
    std::vector<std::string> found;
    const auto speed = chart(files, "speed");
    for (const auto& series : speed["picks"][0]["series"]) found.push_back(series[1]);
    return found;
  };
  EXPECT_THAT(names({cpu_only_file().file("a.json"), memory_file().file("b.json")}), Contains("onednn"));
  EXPECT_THAT(names({cpu_only_file().file("a.json"), cpu_and_gpu_file().file("b.json")}),
              AllOf(Contains("a onednn"), Contains("b onednn")));
}

TEST(ChartData, SamplesInTwoGroupsFirst) {
  const auto pick = chart({cpu_only_file().file()}, "samples")["picks"][0];
  EXPECT_THAT(pick["label"], AllOf(HasSubstr("n=16"), HasSubstr("openblas")));
  EXPECT_EQ(pick["rounds"].size(), 7U);
  EXPECT_EQ(pick["rounds"][0].size(), 24U);
  EXPECT_THAT(pick["note"], HasSubstr("Two groups of times: around 201 µs (67%) and around 302 µs (33%)"));
}

TEST(ChartData, FailuresHaveNoChart) { EXPECT_THAT(chart_data({failures_file().file()}, {}), IsEmpty()); }

}  // namespace
}  // namespace whygpu
