#include "reports/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/charts/chart_data.h"
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

TEST(Page, MeasuredChartsOnly) {
  EXPECT_THAT(chart_ids(cpu_only_file().file()), testing::ElementsAre("speed"));
  EXPECT_THAT(chart_ids(cpu_and_gpu_file().file()),
              testing::ElementsAre("speed", "bandwidth", "advantage", "latency-advantage", "energy-advantage",
                                   "roofline", "energy", "training"));
  EXPECT_TRUE(chart_data({failures_file().file()}, {}).empty());
}

TEST(Page, ProjectedChartOfCardsNotMeasured) {
  const auto card = *Catalogue::standard().find("NVIDIA H100 SXM");
  const auto projection_in = [&](const ResultFile& file) {
    std::vector<bool> projected;
    for (const auto& chart : chart_data({file}, {}, std::span(&card, 1))) {
      for (const auto& pick : chart["picks"]) {
        for (const auto& point : pick["points"]) {
          if (chart["id"] == "projection") {
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

TEST(Page, SeveralFiles) {
  const auto page = render_page({cpu_only_file().file("small.json"), cpu_and_gpu_file().file("large.json")}, {});
  for (const char* name : {"<h2>small</h2>", "<h2>large</h2>", "small onednn"}) EXPECT_TRUE(has(page, name)) << name;
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
