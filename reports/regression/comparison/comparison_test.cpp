#include "reports/regression/gate/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/comparison/render_comparison.h"

namespace whygpu {
namespace {

using testing::HasSubstr;
using testing::Not;

CaseComparison measured(const std::string& text, Ruling ruling, double change) {
  CaseComparison c;
  c.text = text;
  c.judgement.ruling = ruling;
  c.judgement.change = change;
  c.judgement.interval = Interval{change - 0.01, change + 0.01};
  c.judgement.p = 0.0001;
  c.judgement.pairs = 2;
  c.base_ns = 1000;
  c.head_ns = 1000 * std::exp(change);
  c.base_code = "a";
  c.head_code = "b";
  c.pairs = {{"2026-01-01T00:00:00Z", true, {1000.5, 1000}, {1100, 1101.25}},
             {"2026-01-01T00:00:01Z", false, {999}, {1099}}};
  return c;
}

Comparison example() {
  Comparison comparison;
  comparison.base = {"main", "1111111111111111111111111111111111111111"};
  comparison.head = {"HEAD", "2222222222222222222222222222222222222222"};
  comparison.started = "2026-01-01T00:00:00Z";
  comparison.finished = "2026-01-01T00:05:00Z";
  comparison.machine = "a machine";
  comparison.context.emplace().date = "2026-01-01";
  comparison.cases = {measured("gemm m=1 backend=x", Ruling::same, 0.001),
                      measured("gemm m=2 backend=x", Ruling::slower, std::log(1.1)),
                      measured("gemm m=3 backend=x", Ruling::faster, std::log(0.8))};
  CaseComparison undecided = measured("gemm m=4 backend=x", Ruling::undecided, 0.02);
  undecided.judgement.visible = std::log(1.3);
  CaseComparison wrong, lost;
  wrong.text = "gemm m=5 backend=x";
  wrong.judgement.ruling = Ruling::incorrect;
  wrong.judgement.reason = "element 3 <is> wrong & more";
  lost.text = "gemm m=6 backend=x";
  lost.judgement.ruling = Ruling::missing;
  lost.judgement.reason = "no worker|gemm\nin head";
  comparison.cases.insert(comparison.cases.end(), {undecided, wrong, lost});
  return comparison;
}

TEST(Pair, RatioOfTheFastest) { EXPECT_DOUBLE_EQ(measured("", Ruling::same, 0).pairs[0].log_ratio(), std::log(1.1)); }

TEST(Comparison, SummaryAndExitCode) {
  Comparison comparison = example();
  EXPECT_EQ(summary(comparison), "1 slower, 1 incorrect, 1 missing, 1 undecided, 1 faster, 1 same");
  EXPECT_EQ(comparison.exit_code(), ExitCode::slower);
}

TEST(Comparison, JsonRoundTrip) {
  const Comparison before = example();
  const auto document = to_json(before);
  const Comparison after = comparison_from_json(nlohmann::json::parse(document.dump()), "file");
  EXPECT_EQ(to_json(after), document);
  EXPECT_EQ(after.cases[1].pairs[0].head_ns, before.cases[1].pairs[0].head_ns);
}

// A history recognises a comparison that it has by the text of its JSON.
TEST(Comparison, DevicesInJson) {
  Comparison comparison = example();
  EXPECT_FALSE(to_json(comparison)["whygpu_comparison"].contains("devices"));
  comparison.devices = {{"cublas", "cuda", "A GPU"}, {"clblast", "opencl", "Another GPU"}};
  const auto after = parse_comparisons(to_json(comparison).dump(), "gate.json")[0].devices;
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[1].backend, "clblast");
  EXPECT_EQ(after[1].kind, "opencl");
  EXPECT_EQ(after[1].name, "Another GPU");
}

TEST(Comparison, JsonErrors) {
  const auto complaint = [](const nlohmann::json& document) -> std::string {
    try {
      comparison_from_json(document, "gate.json");
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(complaint({{"benchmarks", 1}}), HasSubstr("gate.json: not a comparison of two builds"));
  auto document = to_json(example());
  document["whygpu_comparison"]["schema"] = 2;
  EXPECT_THAT(complaint(document), HasSubstr("schema 2 is newer"));
  document = to_json(example());
  document["whygpu_comparison"]["cases"][1]["measured"][0]["base_ns"][0] = -1;
  EXPECT_THAT(complaint(document), HasSubstr("cases[1].measured[0].base_ns[0]"));
  document = to_json(example());
  document["whygpu_comparison"]["cases"][0]["verdict"] = "slow";
  EXPECT_THAT(complaint(document), HasSubstr("cases[0].verdict"));
}

TEST(Comparison, NumbersBeyondTheirType) {
  const auto complaint = [](const auto& change) {
    nlohmann::json document = to_json(example());
    change(document["whygpu_comparison"]);
    try {
      parse_comparisons(document.dump(), "gate.json");
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(complaint([](auto& node) { node["threads"] = 4294967296; }), HasSubstr("threads: must be an integer"));
  EXPECT_THAT(complaint([](auto& node) { node["cases"][0]["measured"][0]["base_ns"] = {1e300}; }),
              HasSubstr("base_ns[0]: must be a time in nanoseconds"));
  try {
    parse_comparisons(R"({"whygpu_comparison": 1e999})", "gate.json");
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "gate.json: a number is too large for double precision");
  }
}

TEST(Comparison, ShortSamplesAreKept) {
  Comparison comparison = example();
  comparison.cases[0].pairs[0].base_ns = {0.0004};
  const auto again = parse_comparisons(to_json(comparison).dump(), "gate.json");
  EXPECT_EQ(again[0].cases[0].pairs[0].base_ns[0], 0.0004);
}

TEST(ComparisonTerminal, WorstFirst) {
  const std::string text = render_comparison_terminal(example(), false);
  EXPECT_LT(text.find("m=2"), text.find("m=5"));
  EXPECT_LT(text.find("m=5"), text.find("m=1"));
  EXPECT_THAT(text, HasSubstr("+10.0% [+8.91%, +11.1%], 2 pairs, 1.00 µs -> 1.10 µs"));
  EXPECT_THAT(text, HasSubstr("would have detected +30.0%"));
  EXPECT_THAT(text, Not(HasSubstr("\033[")));
  EXPECT_THAT(render_comparison_terminal(example(), true), HasSubstr("\033[1;31m"));
}

TEST(ComparisonMarkdown, FoldsUnchanged) {
  const std::string text = render_comparison_markdown(example());
  const auto fold = text.find("<details>");
  EXPECT_THAT(text.substr(0, text.find('\n')), HasSubstr("**Slower**: 1 slower"));
  EXPECT_LT(text.find("m=2"), fold);
  EXPECT_LT(text.find("m=3"), fold);
  EXPECT_GT(text.find("m=1 "), fold);
  EXPECT_THAT(text, HasSubstr("no worker\\|gemm in head")) << "escaped in table cells";
  EXPECT_THAT(text, HasSubstr("&lt;is> wrong &amp; more"));
}

TEST(ComparisonAnnotations, OneLinePerChange) {
  const std::string text = render_comparison_annotations(example());
  EXPECT_THAT(text, HasSubstr("::error title=whygpu gate%3A slower::gemm m=2 backend=x: +10.0%25"));
  EXPECT_THAT(text, HasSubstr("::warning title=whygpu gate%3A missing::"));
  EXPECT_THAT(text, Not(HasSubstr("m=1 ")));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6);
}

TEST(ComparisonJunit, CountsAndEscapes) {
  const std::string text = render_comparison_junit(example());
  EXPECT_THAT(text, HasSubstr("tests=\"6\" failures=\"2\" errors=\"1\" skipped=\"1\""));
  EXPECT_THAT(text, HasSubstr("incorrect: element 3 &lt;is&gt; wrong &amp; more"));
  Comparison strict = example();
  strict.strict = true;
  EXPECT_THAT(render_comparison_junit(strict), HasSubstr("failures=\"3\" errors=\"1\" skipped=\"0\""));
}

TEST(ComparisonBmf, ValuesWithIntervals) {
  const auto document = nlohmann::json::parse(render_comparison_bmf(example()));
  EXPECT_EQ(document.size(), 4U) << "measured cases only";
  const auto& change = document.at("gemm m=2 backend=x").at("change");
  EXPECT_NEAR(change.at("value").get<double>(), 10, 1e-9);
  EXPECT_LT(change.at("lower_value").get<double>(), 10);
  EXPECT_GT(change.at("upper_value").get<double>(), 10);
  EXPECT_NEAR(document.at("gemm m=2 backend=x").at("latency").at("value").get<double>(), 1100, 1e-9);
}

}  // namespace
}  // namespace whygpu
