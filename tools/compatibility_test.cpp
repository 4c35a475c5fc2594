// Other tools can read our files: checks the fields that each of them requires, according to its source, and runs
// Google Benchmark's own compare.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>

#include "benchmarks/machine/environment.h"
#include "benchmarks/runner/child_process.h"
#include "benchmarks/runner/gate/fake_build.h"
#include "benchmarks/runner/run_state.h"
#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/comparison/render_comparison.h"
#include "reports/results/codec.h"

namespace whygpu {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kPython = "/usr/bin/python3";  // of the distribution, where compare.py is installed
constexpr const char* kComparePy = "/usr/share/benchmark/compare.py";

// Output of `whygpu run` with one case timed and one incorrect; `ns` is the time of the first.
json run_file(double ns) {
  const auto cases = parse_cases("gemm m=8,16 n=8 k=8 backend=naive");
  RunState state(cases);
  for (int round = 1; round <= 6; ++round) {
    EndRecord end;
    end.case_text = cases[0].text();
    end.round.emplace().round = round;
    end.round->started = "2026-01-01T00:00:00Z";
    end.round->batch = 10;
    end.round->samples_ns = {ns, ns + 1};
    end.round->cpu_ns = ns;
    state.apply(end);
  }
  EndRecord wrong;
  wrong.case_text = cases[1].text();
  wrong.status = Status::incorrect;
  wrong.reason = "wrong";
  state.apply(wrong);
  ResultFile facts;
  facts.context = google_benchmark_context("whygpu");
  facts.environment = environment_record();
  return json::parse(text_of(result_file(state, facts)));
}

// Output of `whygpu gate --json`.
Comparison comparison() {
  Comparison comparison;
  comparison.context = google_benchmark_context("whygpu gate");
  CaseComparison c;
  c.text = "gemm m=8 n=8 k=8 backend=naive";
  c.judgement.ruling = Ruling::slower;
  c.judgement.change = std::log(1.1);
  c.judgement.interval = Interval{0.09, 0.1};
  c.base_ns = 1000;
  c.head_ns = 1100;
  c.pairs = {{"2026-01-01T00:00:00Z", true, {1000}, {1100}}};
  CaseComparison missing;
  missing.text = "gemm m=16 n=8 k=8 backend=naive";
  missing.judgement.ruling = Ruling::missing;
  comparison.cases = {c, missing};
  return comparison;
}

json gate_file() { return json::parse(to_json(comparison()).dump()); }

class OtherTools : public testing::TestWithParam<json (*)()> {};

INSTANTIATE_TEST_SUITE_P(Files, OtherTools,
                         testing::Values(
                             +[] { return run_file(1000); }, +[] { return gate_file(); }));

// Bencher's cpp_google adapter deserialises the whole context and these fields of each row.
TEST_P(OtherTools, Bencher) {
  const json file = GetParam()();
  const json& context = file.at("context");
  for (const char* key : {"date", "host_name", "executable", "library_build_type"})
    EXPECT_TRUE(context.at(key).is_string()) << key;
  EXPECT_TRUE(context.at("num_cpus").is_number_unsigned());
  EXPECT_TRUE(context.at("mhz_per_cpu").is_number());
  EXPECT_TRUE(context.at("cpu_scaling_enabled").is_boolean());
  for (const json& cache : context.at("caches")) {
    EXPECT_TRUE(cache.at("type").is_string());
    for (const char* key : {"level", "size", "num_sharing"}) EXPECT_TRUE(cache.at(key).is_number_unsigned()) << key;
  }
  for (const json& load : context.at("load_avg")) EXPECT_TRUE(load.is_number());
  std::set<std::string> names;
  for (const json& row : file.at("benchmarks")) {
    const std::string name = row.at("name");
    EXPECT_FALSE(name.empty());
    EXPECT_LE(name.size(), 1024U);
    EXPECT_TRUE(names.insert(name).second) << "the last of two rows with the same name would win: " << name;
    EXPECT_GT(row.at("real_time").get<double>(), 0);
    EXPECT_THAT((std::set<std::string>{"ns", "us", "ms", "s"}),
                testing::Contains(row.at("time_unit").get<std::string>()));
  }
  EXPECT_EQ(names.size(), 1U) << "only timed cases have a row";
}

// github-action-benchmark's googlecpp extractor prints these; JSON.parse does not accept NaN.
TEST_P(OtherTools, GithubActionBenchmark) {
  const json file = GetParam()();
  EXPECT_TRUE(json::accept(file.dump()));
  for (const json& row : file.at("benchmarks")) {
    for (const char* key : {"real_time", "cpu_time", "iterations", "threads"}) {
      EXPECT_TRUE(row.at(key).is_number()) << key;
      EXPECT_TRUE(std::isfinite(row.at(key).get<double>())) << key;
    }
    EXPECT_TRUE(row.at("name").is_string());
    EXPECT_TRUE(row.at("time_unit").is_string());
  }
}

// Conbench's adapter selects rows by run_type.
TEST_P(OtherTools, Conbench) {
  for (const json& row : GetParam()().at("benchmarks")) {
    EXPECT_EQ(row.at("run_type"), "iteration");
    EXPECT_TRUE(row.at("run_name").is_string());
    EXPECT_TRUE(row.at("repetition_index").is_number_integer());
  }
}

TEST(BencherMetricFormat, ValuesWithinIntervals) {
  const json document = json::parse(render_comparison_bmf(comparison()));
  ASSERT_FALSE(document.empty());
  for (const auto& [name, measures] : document.items()) {
    for (const auto& [measure, metric] : measures.items()) {
      EXPECT_LE(metric.at("lower_value").get<double>(), metric.at("value").get<double>()) << name << measure;
      EXPECT_GE(metric.at("upper_value").get<double>(), metric.at("value").get<double>()) << name << measure;
    }
  }
}

TEST(ComparePy, ReadsResultFiles) {
  if (!std::filesystem::exists(kComparePy)) GTEST_SKIP() << kComparePy << " is missing (Debian: libbenchmark-tools)";
  if (const auto probe = run_program({kPython, "-c", "import numpy, scipy"}); probe.status != 0) {
    GTEST_SKIP() << "compare.py needs numpy and scipy: " << probe.errors;
  }
  const TemporaryFolder folder;
  const auto file = [&](const char* name, const json& document) {
    write_file(folder.path() / name, document.dump());
    return (folder.path() / name).string();
  };
  const auto compared = run_program({kPython, kComparePy, "--no-color", "benchmarks", file("base.json", run_file(1000)),
                                     file("head.json", run_file(1500))});
  EXPECT_EQ(compared.status, 0) << compared.errors;
  EXPECT_THAT(compared.output, HasSubstr("gemm m=8 n=8 k=8"));
  EXPECT_THAT(compared.output, HasSubstr("+0.49")) << "1500.5 against 1000.5 ns";
  const std::string gate = file("gate.json", gate_file());
  EXPECT_EQ(run_program({kPython, kComparePy, "benchmarks", gate, gate}).status, 0);
}

}  // namespace
}  // namespace whygpu
