// Published figures are shown beside measured ones, and decide nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/charts/chart_data.h"
#include "reports/claims/claims.h"
#include "reports/page/page.h"
#include "reports/results/measures.h"
#include "reports/results/synthetic_file.h"
#include "reports/views/answer.h"
#include "reports/views/projected.h"
#include "reports/views/table.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kWords =
    "published by others: https://example.org, 2017-06-28 (deepbench); not measured here, answers not checked by this "
    "program";

// A CPU and a GPU that is far ahead, at four sizes: our files have three of them.
SyntheticFile file_of(std::vector<int> sizes, const std::string& cpu, const std::string& gpu) {
  SyntheticFile file;
  file.backend(cpu).backend(gpu, "cuda", "Synthetic GPU");
  for (int size : sizes) {
    file.ok(square_gemm(size), cpu, {gemm_flops(size) / 2}, gemm_flops(size))["values"]["offload"] = "kernel";
    auto& fast = file.ok(square_gemm(size), gpu, {gemm_flops(size) / 2000}, gemm_flops(size));
    fast["values"]["offload"] = "always";
    auto& resident = file.ok(square_gemm(size) + " offload=kernel", gpu, {gemm_flops(size) / 4000}, gemm_flops(size));
    resident["values"]["offload"] = "kernel";
  }
  return file;
}

ResultFile published() {
  auto file = file_of({64, 128, 256, 512}, "theirs_cpu", "theirs_gpu");
  file.whygpu()["imported"] = {
      {"format", "deepbench"}, {"source", "https://example.org"}, {"date", "2017-06-28"}, {"file", "a.csv"}};
  return file.file("published.json");
}

ResultFile measured() { return file_of({64, 128, 256}, "openblas", "cublas").file("measured.json"); }

TableOptions wide(const std::string& format = "terminal") {
  TableOptions options;
  options.format = format;
  options.width = 400;
  return options;
}

TEST(Imported, ShownBesideMeasurements) {
  const auto text = render_table({measured(), published()}, wide());
  EXPECT_THAT(text, AllOf(HasSubstr(std::string("published: Synthetic cpu, Synthetic GPU, ") + kWords),
                          HasSubstr("published theirs_gpu kernel (published)"), HasSubstr("4000")));
  EXPECT_THAT(text, Not(HasSubstr("measured cublas kernel (published)")));
}

TEST(Imported, NeitherBaselineNorCompared) {
  const auto text = render_table({measured(), published()}, wide());
  EXPECT_THAT(text, HasSubstr("speed-up over openblas"));
  auto options = wide("json");
  const auto records = nlohmann::json::parse(render_table({measured(), published()}, options))["records"];
  for (const auto& record : records) {
    const bool ours = record["file"] == "measured";
    EXPECT_EQ(record["speedup"].is_null(), !ours) << record;
    EXPECT_EQ(record["published"].is_null(), ours) << record;
  }
  options.baseline = "theirs_cpu";
  EXPECT_THROW(render_table({measured(), published()}, options), std::invalid_argument);
  EXPECT_THAT(render_table({published()}, wide()), Not(HasSubstr("×")));
}

// What the closing lines count and recommend is of measured files.
TEST(Imported, NoClosingLines) {
  EXPECT_THAT(render_table({measured()}, wide()), HasSubstr("--view crossover for"));
  EXPECT_THAT(render_table({published()}, wide()), AllOf(Not(HasSubstr("unfair:")), Not(HasSubstr("next:"))));
  SyntheticFile cpu;
  cpu.backend("openblas").ok(square_gemm(64), "openblas", seven_rounds(10), 1);
  EXPECT_THAT(render_table({cpu.file(), published()}, wide()), HasSubstr("--project typical for"));
}

TEST(Imported, SaysThatItIsNotProjected) {
  auto options = wide();
  options.view = "projection";
  options.cards = {*Catalogue::standard().find("NVIDIA T4")};
  EXPECT_THAT(render_table({published()}, options), HasSubstr(std::string("published: ") + kWords + "; not projected"));
}

TEST(Imported, NoContestsPaybacksAndProjections) {
  ASSERT_FALSE(contests(measured(), {}).empty());
  ASSERT_FALSE(paybacks(measured()).empty());
  EXPECT_THAT(contests(published(), {}), IsEmpty());
  EXPECT_THAT(paybacks(published()), IsEmpty());
  const auto card = *Catalogue::standard().find("NVIDIA T4");
  EXPECT_THAT(project_cases(published(), card, Offload::kernel), IsEmpty());
  EXPECT_THAT(projected_contests(published(), card, Offload::kernel), IsEmpty());
  EXPECT_FALSE(latency_ns(published(), published().cases[0]));
  auto options = wide();
  options.view = "crossover";
  EXPECT_THAT(render_table({published()}, options), HasSubstr("published by others: compared with nothing"));
}

TEST(Imported, JudgesNoClaim) {
  EXPECT_FALSE(judge_claims(standard_claims(), measured(), {}).empty());
  EXPECT_THAT(judge_claims(standard_claims(), published(), {}), IsEmpty());
  EXPECT_THAT(render_terminal(claims_document({published()}, {}), 200, false), HasSubstr("no claim is judged by it"));
}

TEST(Imported, NoAnswer) {
  const auto found = answer(published(), {}, {});
  EXPECT_EQ(found.headline, std::string("Not answered: the figures are ") + kWords + ".");
  EXPECT_THAT(found.details, IsEmpty());
}

TEST(Imported, Page) {
  const auto both = render_page({measured(), published()}, {});
  EXPECT_THAT(both, AllOf(HasSubstr(kWords), HasSubstr("<p class=\"lede\">Yes for"),
                          HasSubstr("theirs_gpu kernel (published)")));
  const auto alone = render_page({published()}, {});
  EXPECT_THAT(alone, HasSubstr(std::string("Not answered: the figures are ") + kWords));
}

TEST(Imported, NoChartComparesThem) {
  const auto charts = chart_data({measured(), published()}, {}).dump();
  EXPECT_THAT(charts, HasSubstr("published theirs_gpu kernel (published)"));
  for (const auto& chart : chart_data({published()}, {})) EXPECT_EQ(chart["id"], "speed");
}

}  // namespace
}  // namespace whygpu
