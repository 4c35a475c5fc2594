#include "reports/projection/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reports/catalogue/catalogue.h"

namespace whygpu::projection {
namespace {

using testing::HasSubstr;

Card card() {
  Card card;
  card.name = "Test card";
  card.generation = "ampere";
  card.flops = {{"f32", 20e12}, {"f16", 160e12}};
  card.multiprocessors = 80;
  card.boost_clock_hz = 1.5e9;
  card.bandwidth = 1e12;
  card.memory_bytes = 16e9;
  card.pcie_bytes_per_second = 32e9;
  return card;
}

Projection projected(const Problem& problem, const Card& on = card(), const DataPath& path = {}) {
  const Outcome outcome = project(problem, on, path);
  const auto* refusal = std::get_if<NotProjected>(&outcome);
  EXPECT_EQ(refusal, nullptr) << refusal->reason;
  return refusal ? Projection{} : std::get<Projection>(outcome);
}

std::string reason(const Problem& problem, const Card& on, const DataPath& path = {}) {
  const Outcome outcome = project(problem, on, path);
  const auto* refusal = std::get_if<NotProjected>(&outcome);
  return refusal ? refusal->reason : "";
}

Gemm square(double n, const std::string& dtype = "f32") { return {n, n, n, 1, dtype}; }

Convolution image_convolution() {
  Convolution conv;
  conv.n = 16, conv.c = 128, conv.h = 56, conv.w = 56, conv.k = 256, conv.r = 3, conv.s = 3, conv.pad_h = 1,
  conv.pad_w = 1;
  return conv;
}

TEST(Projection, LargeGemmNearsThePeak) {
  const Projection large = projected(square(8192));
  const double fraction = 2 * std::pow(8192, 3) / large.seconds / 20e12;
  EXPECT_GT(fraction, 0.6);
  EXPECT_LT(fraction, 1.0);
  EXPECT_EQ(large.limit, "compute");
  EXPECT_LT(large.low, large.seconds);
  EXPECT_GT(large.high, large.seconds);
}

TEST(Projection, SmallGemmIsLaunch) { EXPECT_EQ(projected(square(64)).limit, "launch"); }

TEST(Projection, ThinGemmIsMemory) { EXPECT_EQ(projected(Gemm{8192, 1, 8192}).limit, "memory"); }

TEST(Projection, InfiniteArithmeticLeavesMemoryAndLaunch) {
  Card infinite = card();
  infinite.flops["f32"] = infinite.boost_clock_hz.emplace(std::numeric_limits<double>::infinity());
  const Projection projection = projected(square(4096), infinite);
  EXPECT_TRUE(std::isfinite(projection.seconds));
  EXPECT_EQ(projection.limit, "memory");
  EXPECT_GE(projection.seconds, 3 * 4096. * 4096 * 4 / 1e12);
}

TEST(Projection, NoBandwidth) {
  Card without = card();
  without.bandwidth = 0;
  EXPECT_THAT(reason(square(1024), without), HasSubstr("bandwidth of Test card is not known"));
  without.bandwidth = std::nullopt;
  EXPECT_THAT(reason(Traffic{1e6}, without), HasSubstr("bandwidth of Test card is not known"));
}

TEST(Projection, TooLittleMemory) {
  Card small = card();
  small.memory_bytes = 1e9;
  EXPECT_EQ(reason(square(16384), small), "needs 3.2 GB, Test card has 1.0 GB");
}

TEST(Projection, MissingFacts) {
  Card unknown = card();
  unknown.multiprocessors = std::nullopt;
  EXPECT_THAT(reason(square(1024), unknown), HasSubstr("multiprocessors"));
  EXPECT_THAT(reason(square(1024, "f64"), card()), HasSubstr("no f64 arithmetic"));
  EXPECT_THAT(reason(square(1024, "f4"), card()), HasSubstr("no dtype f4"));
  Card unplugged = card();
  unplugged.pcie_bytes_per_second = std::nullopt;
  EXPECT_THAT(reason(square(1024), unplugged, {Offload::always}), HasSubstr("transfer rate"));
}

TEST(Projection, TransfersOnceAndAlways) {
  const double kernel = projected(square(2048)).seconds;
  const Projection always = projected(square(2048), card(), {Offload::always});
  const double once = projected(square(2048), card(), {Offload::once, 10}).seconds;
  EXPECT_GT(always.seconds, kernel + 3 * 2048. * 2048 * 4 / 32e9);
  EXPECT_NEAR(once - kernel, (always.seconds - kernel) / 10, 1e-9);
  EXPECT_EQ(always.limit, "transfer");
}

TEST(Projection, GrowsWithTheProblem) {
  double previous = 0;
  for (double n = 64; n <= 8192; n *= 2) {
    const double seconds = projected(square(n)).seconds;
    EXPECT_GT(seconds, previous) << n;
    previous = seconds;
  }
}

TEST(Projection, FasterCardsAreFaster) {
  Card faster = card();
  faster.multiprocessors = 160;
  for (auto& [dtype, peak] : faster.flops) peak *= 2;
  faster.bandwidth = 2e12;
  EXPECT_LT(projected(square(4096), faster).seconds, projected(square(4096)).seconds);
  EXPECT_LT(projected(image_convolution(), faster).seconds, projected(image_convolution()).seconds);
}

TEST(Projection, BatchEqualsRepeatedWork) {
  const double one = projected(Gemm{1024, 1024, 1024, 1}).seconds, many = projected(Gemm{1024, 1024, 1024, 64}).seconds;
  EXPECT_GT(many, 20 * one);
  EXPECT_LT(many, 64 * one);
}

TEST(Projection, WinogradForUnitStrides) {
  EXPECT_THAT(projected(image_convolution()).algorithm, HasSubstr("Winograd"));
  Convolution strided = image_convolution();
  strided.stride_h = strided.stride_w = 2;
  EXPECT_EQ(projected(strided).algorithm, "implicit GEMM");
}

TEST(Projection, DepthwiseIsDirect) {
  Convolution depthwise = image_convolution();
  depthwise.k = depthwise.groups = 128;
  EXPECT_EQ(projected(depthwise).algorithm, "direct");
}

TEST(Projection, MatrixUnitsForF16) {
  EXPECT_LT(projected(square(8192, "f16")).seconds, 0.4 * projected(square(8192)).seconds);
  Card pascal = card();
  pascal.generation = "pascal";
  EXPECT_EQ(product_peak(pascal, "f16"), 20e12);
}

TEST(Projection, BandDecides) {
  const Projection projection{2, 1, 4, "compute", ""};
  EXPECT_EQ(is_faster(projection, 5), std::optional(true));
  EXPECT_EQ(is_faster(projection, 0.5), std::optional(false));
  EXPECT_EQ(is_faster(projection, 2), std::nullopt);  // straddles
  EXPECT_EQ(is_faster(projection, 4), std::nullopt);
}

TEST(Constants, EachHasUnitMeaningAndSource) {
  const Constants& constants = Constants::standard();
  for (const auto& each : constants.all()) {
    EXPECT_FALSE(each.unit.empty() || each.meaning.empty() || each.source.empty()) << each.name;
  }
  for (const auto& [kind, band] : constants.bands) EXPECT_LT(band.low, band.high) << kind;
  EXPECT_EQ(Constants::parse(constants.json(), "again").json(), constants.json());
}

TEST(Constants, InvalidFiles) {
  EXPECT_THROW(Constants::parse("{", "x.json"), std::runtime_error);
  EXPECT_THROW(Constants::parse(R"({"constants": [{"name": "a", "value": -1}], "bands": {}})", "x"),
               std::runtime_error);
}

TEST(ProjectionCards, FromTheCatalogue) {
  CatalogueDevice device;
  device.name = "NVIDIA GeForce GTX 1080 Ti";
  device.generation = "pascal";
  device.multiprocessors = 28;
  const Card from = card_of(device);
  EXPECT_EQ(from.multiprocessors, 28);
  EXPECT_EQ(from.libraries, Libraries::of_2017);
  EXPECT_TRUE(from.exceeds_rated_clock());
  device.generation = "ampere";
  EXPECT_FALSE(card_of(device).exceeds_rated_clock());
}

}  // namespace
}  // namespace whygpu::projection
