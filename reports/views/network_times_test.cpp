#include "reports/views/network_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/results/synthetic_file.h"
#include "reports/views/table.h"

namespace whygpu {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr const char* kConv = "convolution n=1 c=8 h=8 w=8 k=8 r=3 s=3";
constexpr const char* kGemm = "gemm m=4 n=4 k=4";

json work(const std::string& pass, const std::string& problem, int count, double flops, double bytes) {
  json result = {{"pass", pass}, {"count", count}, {"flops", flops}, {"bytes", bytes}};
  if (!problem.empty()) result["problem"] = problem;
  return result;
}

// Two convolutions of a kind, a product that runs three times, an addition and an operator that is not known.
SyntheticFile two_backends() {
  SyntheticFile file;
  file.backend("a").backend("b");
  file.ok(kConv, "a", {1000}, 5000);
  file.ok(kConv, "b", {2000}, 5000);
  file.ok(kGemm, "a", {400}, 128);
  file.ok(kGemm, "b", {100}, 128);
  file.whygpu()["ceilings"] = {{{"device", "Synthetic cpu"},
                                {"kind", "bandwidth"},
                                {"level", "memory"},
                                {"value", 1e9},
                                {"unit", "B/s"},
                                {"how", "triad"}},
                               {{"device", "Synthetic cpu"},
                                {"kind", "bandwidth"},
                                {"level", "L2"},
                                {"value", 4e9},
                                {"unit", "B/s"},
                                {"how", "triad"}}};
  file.whygpu()["environment"]["caches"] = {{{"type", "Unified"}, {"level", 2}, {"size", 1000}, {"num_sharing", 4}}};
  file.whygpu()["networks"] = {{{"name", "net"},
                                {"batch", 2},
                                {"training", false},
                                {"nodes",
                                 {{{"name", "first"}, {"op", "Conv"}, {"work", {work("forward", kConv, 1, 5000, 10)}}},
                                  {{"name", "second"}, {"op", "Conv"}, {"work", {work("forward", kConv, 1, 5000, 10)}}},
                                  {{"name", "third"}, {"op", "LSTM"}, {"work", {work("forward", kGemm, 3, 128, 10)}}},
                                  {{"name", "sum"}, {"op", "Add"}, {"work", {work("forward", "", 1, 50, 1200)}}},
                                  {{"name", "odd"},
                                   {"op", "Odd"},
                                   {"unknown", "not a known operator"},
                                   {"work", {work("forward", "", 1, 10, 800)}}}}}}};
  return file;
}

std::string table_of(const ResultFile& file) {
  TableOptions options;
  options.view = "network";
  options.width = 160;
  return render_table({file}, options);
}

TEST(NetworkContents, Counts) {
  const auto contents = contents_of(two_backends().file().networks.at(0));
  EXPECT_EQ(contents.convolutions, 2U);
  EXPECT_EQ(contents.products, 1U);
  EXPECT_EQ(contents.others, 2U);
  EXPECT_EQ(contents.distinct, 2U);
  EXPECT_DOUBLE_EQ(contents.product_flops, 10'000 + 384);
  EXPECT_DOUBLE_EQ(contents.covered(), 10'434.0 / 10'444);
  EXPECT_EQ(coverage_of(contents), "99.43% measured + 0.48% modelled = 99.90% covered, 0.10% unknown");
  EXPECT_DOUBLE_EQ(contents.traffic_bytes, 2000);
  EXPECT_EQ(contents.unknown.at("Odd: not a known operator"), 1U);
}

TEST(NetworkTimes, SumsByBackendAndBestOfEach) {
  const auto file = two_backends().file();
  const auto times = network_times(file, file.networks.at(0));
  ASSERT_THAT(times, SizeIs(3));
  // 1200 bytes from memory at 1 GB/s, 800 from the second level: two caches of 1000 bytes for eight threads.
  const double traffic = 1200e-9 + 200e-9;
  EXPECT_EQ(times[0].name, "a");
  EXPECT_NEAR(times[0].measured, 2 * 1000e-9 + 3 * 400e-9, 1e-12);
  EXPECT_NEAR(times[0].modelled, traffic, 1e-12);
  EXPECT_NEAR(times[1].measured, 2 * 2000e-9 + 3 * 100e-9, 1e-12);
  EXPECT_EQ(times[2].name, "best of each");
  EXPECT_NEAR(times[2].seconds(), 2 * 1000e-9 + 3 * 100e-9 + traffic, 1e-12);
  EXPECT_NEAR(times[2].by_pass.at("forward"), times[2].seconds(), 1e-12);
}

TEST(NetworkTimes, MissingCases) {
  auto document = two_backends();
  for (auto& record : document.whygpu()["cases"]) {
    if (record["problem"] != kGemm || record["backend"] != "b") continue;
    record["status"] = "unsupported";
    record["reason"] = "no products";
    record["rounds"] = json::array();
  }
  const auto file = document.file();
  const auto times = network_times(file, file.networks.at(0));
  ASSERT_THAT(times, SizeIs(3));
  EXPECT_THAT(times[1].missing, ElementsAre(kGemm));
  EXPECT_DOUBLE_EQ(times[1].missing_flops, 384);
  EXPECT_NEAR(times[2].measured, 2 * 1000e-9 + 3 * 400e-9, 1e-12);
  EXPECT_THAT(times[2].missing, SizeIs(0));
}

TEST(NetworkTimes, NoBandwidth) {
  auto document = two_backends();
  document.whygpu()["ceilings"] = json::array();
  const auto file = document.file();
  const auto times = network_times(file, file.networks.at(0));
  EXPECT_FALSE(times[0].traffic_known);
  EXPECT_EQ(times[0].modelled, 0);
  const auto text = table_of(file);
  EXPECT_THAT(text, HasSubstr("memory traffic counts nothing"));
  // 10384 FLOP of products in 4.3 µs; those of the other operators have no time.
  EXPECT_THAT(text, AllOf(HasSubstr(">4.30 µs"), HasSubstr(" 2.41"), Not(HasSubstr(" 2.43"))));
  TableOptions options;
  options.view = "network";
  options.format = "json";
  EXPECT_TRUE(json::parse(render_table({file}, options))["records"][0]["modelled"].is_null());
}

// The operands of three operators take 30 bytes; what runs three times counts once.
TEST(NetworkTimes, ColdWhereTheCacheIsTooSmall) {
  const auto times = [](double cache) {
    auto document = two_backends();
    document.ok(std::string(kConv) + " mode=cold", "a", {3000}, 5000);
    document.ok(std::string(kGemm) + " mode=cold", "a", {500}, 128);
    for (auto& backend : document.whygpu()["backends"]) backend["device"]["cache_bytes"] = cache;
    const auto file = document.file();
    return network_times(file, file.networks.at(0));
  };
  EXPECT_FALSE(times(30).at(0).cold);
  EXPECT_NEAR(times(30)[0].measured, 2 * 1000e-9 + 3 * 400e-9, 1e-12);
  const auto cold = times(29);
  EXPECT_TRUE(cold[0].cold);
  EXPECT_NEAR(cold[0].measured, 2 * 3000e-9 + 3 * 500e-9, 1e-12);
  EXPECT_NEAR(cold[1].measured, 2 * 2000e-9 + 3 * 100e-9, 1e-12);  // no cold cases of b
}

TEST(NetworkTimes, HotCasesOfEarlierFiles) {
  auto document = two_backends();
  for (auto& backend : document.whygpu()["backends"]) backend["device"]["cache_bytes"] = 1;
  const auto file = document.file();
  EXPECT_FALSE(network_times(file, file.networks.at(0)).at(0).cold);
}

TEST(NetworkTimes, OtherDevices) {
  auto document = two_backends();
  document.backend("gpu", "cuda");
  document.ok(kConv, "gpu", {10}, 5000);
  const auto file = document.file();
  const auto times = network_times(file, file.networks.at(0));
  ASSERT_THAT(times, SizeIs(4));  // no "best of each" across devices
  EXPECT_EQ(times[2].name, "gpu");
  EXPECT_NEAR(times[2].measured, 20e-9, 1e-15);
  EXPECT_EQ(times[3].device, "Synthetic cpu");
  EXPECT_NEAR(times[3].measured, 2 * 1000e-9 + 3 * 100e-9, 1e-12);
}

TEST(LayerTimes, LongestFirst) {
  const auto file = two_backends().file();
  const auto layers = layer_times(file, file.networks.at(0), "Synthetic cpu");
  ASSERT_THAT(layers, SizeIs(4));
  EXPECT_EQ(layers[0].what, kConv);
  EXPECT_EQ(layers[0].example, "first");
  EXPECT_EQ(layers[0].backend, "a");
  EXPECT_EQ(layers[0].count, 2);
  EXPECT_EQ(layers[1].what, "memory traffic of Add");
  EXPECT_EQ(layers[2].backend, "b");
}

TEST(NetworkRecords, SurviveAFile) {
  const auto file = two_backends().file();
  const auto again = parse_result_file(text_of(file), "again.json");
  ASSERT_THAT(again.networks, SizeIs(1));
  EXPECT_EQ(again.networks[0].nodes.size(), 5U);
  EXPECT_EQ(again.networks[0].nodes[2].work[0].count, 3);
  EXPECT_EQ(again.networks[0].nodes[2].work[0].problem, kGemm);
  EXPECT_EQ(again.networks[0].nodes[4].unknown, "not a known operator");
  EXPECT_FALSE(document_of(SyntheticFile().file())["whygpu"].contains("networks"));
}

TEST(NetworkView, Table) {
  const auto file = two_backends().file();
  const auto text = table_of(file);
  EXPECT_THAT(text, HasSubstr("net, batch 2: one inference"));
  EXPECT_THAT(text, HasSubstr("best of each"));
  EXPECT_THAT(text, HasSubstr("1 × Odd: not a known operator"));
  EXPECT_THAT(table_of(SyntheticFile().file()), HasSubstr("not a run of whygpu network"));
  EXPECT_THAT(text, Not(HasSubstr("not known, since")));
}

}  // namespace
}  // namespace whygpu
