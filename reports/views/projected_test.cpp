#include "reports/views/projected.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "reports/render/text.h"
#include "reports/results/synthetic_file.h"
#include "reports/views/answer.h"
#include "reports/views/table.h"

namespace whygpu {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A card that no size decides in favour of a slow CPU, unless its values say otherwise.
CatalogueDevice constructed_card() {
  CatalogueDevice card;
  card.name = "Constructed card";
  card.generation = "ampere";
  card.flops = {{"f32", 1e13}, {"f64", 5e12}, {"f16", 1e14}, {"bf16", 1e14}, {"tf32", 5e13}, {"s8", 2e14}};
  card.bandwidth = 1e12;
  card.memory_bytes = 2.4e10;
  card.power_watts = 300;
  card.launch_price_usd = 1000;
  card.multiprocessors = 80;
  card.boost_clock_hz = 1.5e9;
  card.l2_bytes = 4e7;
  card.pcie_bytes_per_second = 3e10;
  return card;
}

// Square products on a CPU of 100 GFLOP/s; plain loops are slower.
SyntheticFile cpu_file() {
  SyntheticFile file;
  file.backend("fastblas").backend("naive");
  for (const int size : {64, 256, 1024, 4096}) {
    const double ns = gemm_flops(size) / 100;
    for (const char* backend : {"fastblas", "naive"}) {
      auto& record =
          file.ok(square_gemm(size), backend, seven_rounds(backend[0] == 'n' ? ns * 2 : ns), gemm_flops(size));
      record["values"]["batch"] = "1";
      record["values"]["trans"] = "nn";
    }
  }
  return file;
}

Contest only_contest(const ResultFile& file, const CatalogueDevice& card, Offload offload = Offload::kernel) {
  const auto all = projected_contests(file, card, offload);
  EXPECT_EQ(all.size(), 1u);
  return all.empty() ? Contest{} : all.front();
}

TEST(ProjectedContests, OrdinaryCardWinsFromSomeSizeOn) {
  const auto contest = only_contest(cpu_file().file(), constructed_card());
  ASSERT_EQ(contest.points.size(), 4u);
  EXPECT_EQ(contest.crossover.kind, CrossoverKind::between);
  EXPECT_EQ(contest.points.back().best_cpu, "fastblas");
  for (const auto& point : contest.points) {
    EXPECT_LT(point.factor.low(), point.factor.value);
    EXPECT_GT(point.factor.high(), point.factor.value);
  }
}

// Fastest is fastest; but plain loops alone do not stand for a CPU.
TEST(ProjectedContests, PlainLoopsCountBesideALibrary) {
  auto file = cpu_file();
  auto& cases = file.whygpu()["cases"];
  for (auto& round : cases[1]["rounds"]) round["samples_ns"] = {1};
  EXPECT_EQ(only_contest(file.file(), constructed_card()).points.front().best_cpu, "naive");
  cases.erase(cases.begin());  // the library's case of the smallest size
  EXPECT_EQ(only_contest(file.file(), constructed_card()).points.size(), 3u);
}

// Launches remain: not even an infinitely fast card is ahead at 64.
TEST(ProjectedContests, InfiniteSpeedStillLaunches) {
  auto card = constructed_card();
  for (auto& [dtype, flops] : card.flops) flops = 1e30;
  card.bandwidth = 1e30;
  const auto contest = only_contest(cpu_file().file(), card);
  EXPECT_FALSE(contest.points.front().factor.low() > 1);
  EXPECT_GT(contest.points.back().factor.low(), 1000);
}

TEST(ProjectedContests, NoBandwidthIsAReasonNotANumber) {
  auto card = constructed_card();
  card.bandwidth = std::nullopt;
  EXPECT_THAT(projected_contests(cpu_file().file(), card, Offload::kernel), IsEmpty());
  EXPECT_EQ(projected_answer(cpu_file().file(), card, Catalogue::standard()), "");
  for (const auto& one : project_cases(cpu_file().file(), card, Offload::kernel)) {
    EXPECT_TRUE(std::holds_alternative<projection::NotProjected>(one.outcome));
  }
}

TEST(ProjectedContests, TooLittleMemoryLeavesAGap) {
  auto card = constructed_card();
  card.memory_bytes = 1e8;
  const auto contest = only_contest(cpu_file().file(), card);
  EXPECT_EQ(contest.points.size(), 3u);
  ASSERT_EQ(contest.gaps.size(), 1u);
  EXPECT_THAT(contest.gaps.front(), HasSubstr("at 4096: needs 0.2 GB"));
}

// A band on both sides of the CPU decides nothing.
TEST(ProjectedContests, BandAcrossTheCpuIsUndecided) {
  const auto card = constructed_card();
  SyntheticFile file;
  file.backend("fastblas");
  const auto wanted = cpu_file().file();
  for (const auto& one : project_cases(wanted, card, Offload::kernel)) {
    const double ns = 1e9 * std::get<projection::Projection>(one.outcome).seconds;
    auto& record = file.ok(one.cpu->problem, "fastblas", seven_rounds(ns), one.cpu->flops);
    record["values"]["batch"] = "1";
    record["values"]["trans"] = "nn";
  }
  EXPECT_EQ(only_contest(file.file(), card).crossover.kind, CrossoverKind::undecided);
  EXPECT_THAT(projected_answer(file.file(), card, Catalogue::standard()), HasSubstr("a CPU may be enough"));
}

TEST(ProjectedContests, MovedDataCostsMore) {
  const auto file = cpu_file().file();
  const auto resident = only_contest(file, constructed_card());
  const auto moved = only_contest(file, constructed_card(), Offload::always);
  for (std::size_t i = 0; i < resident.points.size(); ++i) {
    EXPECT_LT(moved.points[i].factor.value, resident.points[i].factor.value);
  }
}

TEST(ProjectedAnswer, SlowCardLosesToTheCpu) {
  auto card = constructed_card();
  for (auto& [dtype, flops] : card.flops) flops = 1e9;
  EXPECT_THAT(projected_answer(cpu_file().file(), card, Catalogue::standard()), HasSubstr("a CPU is enough"));
}

TEST(ProjectedAnswer, SaysProjectedAndBand) {
  const std::vector cards{constructed_card()};
  const auto found = answer(cpu_file().file(), {}, cards);
  EXPECT_THAT(found.headline, HasSubstr("projected"));
  EXPECT_THAT(found.details.front(), HasSubstr("Constructed card (projected, $1000, 300 W)"));
  EXPECT_THAT(found.details.front(), HasSubstr("the catalogue has no Synthetic cpu"));
  EXPECT_THAT(found.details.front(), testing::ContainsRegex("× \\[[0-9.]+ to [0-9.]+\\]"));
}

// Numbers beyond the verdict are left out on a narrow terminal; no line is longer than it.
TEST(ProjectionView, FitsTerminal) {
  auto file = cpu_file();
  for (const char* dtype : {"f32", "f64"}) {
    auto& record =
        file.ok(std::string("gemm m=1024 n=16 k=1024 trans=nt dtype=") + dtype, "fastblas", seven_rounds(1e5), 1e7);
    record["values"]["batch"] = "1";
  }
  auto poor = constructed_card();
  poor.name = "Constructed card without s8 and f64 peaks";
  poor.flops = {{"f32", 1e13}};
  TableOptions options;
  options.view = "projection";
  options.cards = {constructed_card(), poor};
  for (const int width : {80, 120}) {
    options.width = width;
    std::istringstream text(render_table({file.file()}, options));
    std::size_t longest = 0, bands = 0;
    for (std::string line; std::getline(text, line);) {
      longest = std::max(longest, display_width(line));
      if (line.find("at largest") != std::string::npos && line.find("[90% band]") != std::string::npos) ++bands;
    }
    EXPECT_LE(longest, static_cast<std::size_t>(width));
    EXPECT_EQ(bands > 0, width == 120);
  }
}

// A measured card is not projected, and its times are beside the projection.
TEST(ProjectionView, GivesWayToMeasurement) {
  auto file = cpu_file();
  file.backend("gpublas", "cuda", "Constructed card");
  auto& record = file.ok(square_gemm(1024), "gpublas", seven_rounds(1e5), gemm_flops(1024));
  record["values"]["batch"] = "1";
  record["values"]["trans"] = "nn";
  record["values"]["offload"] = "kernel";
  TableOptions options;
  options.view = "projection";
  options.format = "csv";
  options.cards = {constructed_card()};
  const auto csv = render_table({file.file()}, options);
  EXPECT_THAT(csv, HasSubstr(",0.0001\n"));
  options.format = "markdown";
  EXPECT_THAT(render_table({file.file()}, options), HasSubstr("was measured in this file"));
  EXPECT_TRUE(was_measured(file.file(), constructed_card()));
}

TableOptions options_of(const char* view, const char* format = "markdown") {
  TableOptions options;
  options.view = view;
  options.format = format;
  options.cards = {constructed_card()};
  return options;
}

// The constructed card's measurements, as multiples of what is projected for it.
ResultFile measured_at(const std::vector<double>& multiples) {
  auto file = cpu_file();
  const auto cpu = file.file();
  const auto projected = project_cases(cpu, constructed_card(), Offload::kernel);
  file.backend("slowblas", "cuda", "Constructed card").backend("gpublas", "cuda", "Constructed card");
  for (std::size_t i = 0; i < multiples.size(); ++i) {
    const double seconds = std::get<projection::Projection>(projected[i].outcome).seconds * multiples[i];
    for (const char* backend : {"slowblas", "gpublas"}) {
      const double ns = 1e9 * seconds * (backend[0] == 's' ? 3 : 1);
      auto& record = file.ok(projected[i].cpu->problem, backend, seven_rounds(ns), projected[i].cpu->flops);
      record["values"]["batch"] = "1";
      record["values"]["trans"] = "nn";
      record["values"]["offload"] = "kernel";
    }
  }
  return file.file();
}

TEST(AccuracyView, FastestBackendAgainstTheBand) {
  const auto file = measured_at({1, 1, 1.02, 100});
  const auto checked = check_projections(file, constructed_card());
  ASSERT_EQ(checked.size(), 4u);
  for (const auto& one : checked) EXPECT_EQ(one.record->backend, "gpublas");
  EXPECT_TRUE(checked[2].is_inside_band());
  EXPECT_FALSE(checked[3].is_inside_band());
  EXPECT_THAT(render_table({file}, options_of("accuracy")), HasSubstr("3 of 4 problems inside the 90% band (75%)"));
}

TEST(AccuracyView, ErrorsAreGeometric) {
  EXPECT_THAT(render_table({measured_at({2, 0.5})}, options_of("accuracy")),
              HasSubstr("typical error 100%; projected over measured 1.00× in the mean"));
}

TEST(AccuracyView, NothingWithoutAMeasuredCard) {
  EXPECT_THAT(check_projections(cpu_file().file(), constructed_card()), IsEmpty());
  EXPECT_THAT(render_table({cpu_file().file()}, options_of("accuracy")),
              HasSubstr("no product, convolution or copy was measured"));
}

TEST(ProjectionView, MeasuredTablesKeepTheirRecords) {
  TableOptions options;
  options.format = "csv";
  const auto without = render_table({cpu_file().file()}, options);
  options.cards = {constructed_card()};
  EXPECT_EQ(render_table({cpu_file().file()}, options), without);
  options.format = "markdown";
  EXPECT_THAT(render_table({cpu_file().file()}, options), HasSubstr("projected"));
}

TEST(TypicalCards, AreInTheCatalogue) {
  for (const auto name : typical_cards()) EXPECT_NE(Catalogue::standard().find(name), nullptr) << name;
}

}  // namespace
}  // namespace whygpu
