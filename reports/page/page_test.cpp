#include "reports/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/charts/chart_data.h"
#include "reports/claims/claims.h"
#include "reports/page/synthetic_pages.h"
#include "reports/views/answer.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Unlike a matcher, this does not print the whole page on failure.
bool has(const std::string& page, const char* text) { return page.find(text) != std::string::npos; }

std::vector<std::string> chart_ids(const ResultFile& file) {
  std::vector<std::string> ids;
  for (const auto& chart : chart_data({file}, {})) ids.push_back(chart["id"]);
  return ids;
}

TEST(Page, AnswerFirst) {
  const auto page = render_page({cpu_and_gpu_file().file("box.json")}, {});
  EXPECT_TRUE(has(page, "<p class=\"lede\">Yes for gemm f32 from m=n=k = 128 on"));
  EXPECT_TRUE(has(page, "box: Synthetic CPU"));
}

TEST(Page, OpenWithoutGpu) {
  EXPECT_TRUE(has(render_page({cpu_only_file().file()}, {}), "Not answered: no GPU was measured"));
}

TEST(Page, OpenClOnTheCpuIsNoGpu) {
  SyntheticFile file;
  file.backend("openblas").backend("clblast", "cpu-opencl", "OpenCL on the CPU (PoCL)");
  for (int size : {64, 128, 256}) {
    file.ok(square_gemm(size), "openblas", seven_rounds(100), gemm_flops(size));
    file.ok(square_gemm(size), "clblast", seven_rounds(10), gemm_flops(size));
  }
  const auto page = render_page({file.file()}, {});
  EXPECT_TRUE(has(page, "Not answered: no GPU was measured"));
  EXPECT_TRUE(has(page, "OpenCL on the CPU (PoCL)"));
  EXPECT_TRUE(has(page, "gemm: openblas reaches"));
  EXPECT_FALSE(has(page, "clblast reaches"));
  EXPECT_THAT(chart_ids(file.file()), testing::ElementsAre("speed", "samples"));
}

TEST(Page, MeasuredChartsOnly) {
  EXPECT_THAT(chart_ids(cpu_only_file().file()), testing::ElementsAre("speed", "speed-bars", "samples"));
  EXPECT_THAT(
      chart_ids(cpu_and_gpu_file().file()),
      testing::ElementsAre("speed", "speed-bars", "bandwidth", "advantage", "advantage-bars", "latency-advantage",
                           "energy-advantage", "roofline", "energy", "training", "samples"));
  EXPECT_TRUE(chart_data({failures_file().file()}, {}).empty());
}

TEST(Page, ProjectedChartOfCardsNotMeasured) {
  const auto card = *Catalogue::standard().find("NVIDIA H100 SXM");
  const auto projection_in = [&](const ResultFile& file) {
    std::vector<bool> projected;
    for (const auto& chart : chart_data({file}, {}, std::span(&card, 1))) {
      if (chart["id"] == "samples") continue;  // has no points
      for (const auto& pick : chart["picks"]) {
        for (const auto& point : pick.at("points")) {
          if (chart["id"].get<std::string>().starts_with("projection")) {
            projected.push_back(point.value("projected", false));
          } else {
            EXPECT_FALSE(point.contains("projected")) << chart["id"];
          }
        }
      }
    }
    return projected;
  };
  EXPECT_THAT(projection_in(cpu_only_file().file()), AllOf(Not(IsEmpty()), Each(true)));
  SyntheticFile measured;
  measured.backend("onednn").backend("cublas", "cuda", card.name);
  for (const char* backend : {"onednn", "cublas"}) measured.ok(square_gemm(64), backend, seven_rounds(10), 1);
  EXPECT_THAT(projection_in(measured.file()), IsEmpty());
}

TEST(Page, StableColours) {
  const auto charts = chart_data({cpu_and_gpu_file().file()}, {});
  std::map<std::string, int> number_of;
  for (const auto& chart : charts) {
    if (chart["id"] == "training") continue;
    for (const auto& pick : chart["picks"]) {
      for (const auto& series : pick["series"]) {
        const auto [known, is_new] = number_of.try_emplace(series[1], series[0].get<int>());
        EXPECT_EQ(known->second, series[0].get<int>()) << series[1];
      }
    }
  }
  EXPECT_GE(number_of.size(), 3U);
}

TEST(Page, HostileNames) {
  const auto page = render_page({hostile_file().file("<b>name.json")}, {});
  for (const char* markup : {"<img", "<b>name", "</script><script>alert"}) EXPECT_FALSE(has(page, markup)) << markup;
  EXPECT_TRUE(has(page, "&lt;img"));
}

TEST(Page, NoNetwork) {
  const auto page = render_page({cpu_and_gpu_file().file()}, {});
  EXPECT_TRUE(has(page, "default-src 'none'"));
  for (const char* loader : {"src=\"http", "href=\"http", "@import"}) EXPECT_FALSE(has(page, loader)) << loader;
}

TEST(Page, SizeLimit) { EXPECT_LT(render_page({large_file().file()}, {}).size(), 5U << 20); }

std::size_t count(const std::string& page, const std::string& text) {
  std::size_t found = 0;
  for (auto at = page.find(text); at != std::string::npos; at = page.find(text, at + 1)) ++found;
  return found;
}

TEST(Page, OneAnswerForSeveralFiles) {
  const auto page = render_page({cpu_only_file().file("small.json"), cpu_and_gpu_file().file("large.json")}, {});
  EXPECT_EQ(count(page, "<p class=\"lede\">"), 1U);
  EXPECT_TRUE(has(page, "<p class=\"lede\">Yes for gemm f32"));
  EXPECT_TRUE(has(page, "large: gemm f32, m=n=k: cuda on Synthetic GPU"));
  EXPECT_TRUE(has(page, "small onednn"));
}

// One row for each claim, the decided ones before the others.
TEST(Page, OneTableOfClaims) {
  const auto page = render_page({cpu_only_file().file("small.json"), cpu_and_gpu_file().file("large.json")}, {});
  for (const auto& claim : standard_claims()) EXPECT_EQ(count(page, "\">" + claim.words + "</th>"), 1U) << claim.id;
  EXPECT_LT(page.find("verdict refuted"), page.find("not decided by these measurements"));
  EXPECT_LT(page.rfind("verdict refuted"), page.find("verdict not\">"));
}

TEST(Page, WarningSaidOnce) {
  const auto page = render_page({cpu_only_file().file("a.json"), cpu_only_file().file("b.json")}, {});
  EXPECT_EQ(count(page, "<li>a, b: unfair: OPENBLAS_CORETYPE"), 1U);
}

TEST(Answer, CountsFamilies) {
  const auto found = answer(cpu_and_gpu_file().file(), {});
  EXPECT_THAT(found.headline, HasSubstr("the GPU wins in"));
  EXPECT_THAT(found.details.front(),
              AllOf(HasSubstr("cuda on Synthetic GPU"), HasSubstr("when the data is moved each time")));
}

TEST(Answer, NeverAhead) {
  SyntheticFile file;
  file.backend("naive").backend("cuda", "cuda");
  for (int size : {64, 128, 256}) {
    file.ok(square_gemm(size), "naive", seven_rounds(10), 1);
    file.ok(square_gemm(size), "cuda", seven_rounds(100), 1);
  }
  EXPECT_THAT(answer(file.file(), {}).headline, testing::StartsWith("No: the GPU does not stay ahead"));
}

// The slowest backend whose spread says something.
TEST(Answer, NoFactorOverNoise) {
  SyntheticFile file;
  file.ok(square_gemm(64), "naive", seven_rounds(1000, 0.9), 1000);
  file.ok(square_gemm(64), "openblas", seven_rounds(20), 1000);
  file.ok(square_gemm(64), "onednn", seven_rounds(10), 1000);
  EXPECT_THAT(answer(file.file(), {}).details.front(), HasSubstr("2.00× the slowest backend there"));
  SyntheticFile only_noise;
  only_noise.ok(square_gemm(64), "naive", seven_rounds(1000, 0.9), 1000);
  EXPECT_THAT(answer(only_noise.file(), {}).details.front(), Not(HasSubstr("×")));
}

}  // namespace
}  // namespace whygpu
