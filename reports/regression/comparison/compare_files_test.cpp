#include "reports/regression/comparison/compare_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <stdexcept>

#include "reports/results/synthetic_file.h"

namespace whygpu {
namespace {

using testing::Contains;
using testing::HasSubstr;

SyntheticFile file_with(double ns_256, double ns_512, double spread = 0.01) {
  SyntheticFile file;
  file.backend("naive");
  file.ok(square_gemm(256), "naive", seven_rounds(ns_256, spread), gemm_flops(256));
  file.ok(square_gemm(512), "naive", seven_rounds(ns_512, spread), gemm_flops(512));
  return file;
}

std::string complaint(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no complaint";
}

TEST(CompareFiles, SlowerSameAndFaster) {
  SyntheticFile base = file_with(1000, 8000), head = file_with(1200, 8010);
  base.ok(square_gemm(128), "naive", seven_rounds(100), gemm_flops(128));
  head.ok(square_gemm(128), "naive", seven_rounds(80), gemm_flops(128));
  const auto comparison = compare_files(base.file(), head.file(), {});
  ASSERT_EQ(comparison.cases.size(), 3U);
  EXPECT_EQ(comparison.cases[0].judgement.ruling, Ruling::slower);
  EXPECT_NEAR(percent(*comparison.cases[0].judgement.change), 20, 0.5);
  EXPECT_EQ(comparison.cases[1].judgement.ruling, Ruling::same);
  EXPECT_EQ(comparison.cases[2].judgement.ruling, Ruling::faster);
  EXPECT_EQ(comparison.exit_code(), ExitCode::slower);
}

TEST(CompareFiles, NoiseIsUndecided) {
  const auto comparison = compare_files(file_with(1000, 8000, 0.3).file(), file_with(1100, 8000, 0.3).file(), {});
  EXPECT_EQ(comparison.cases[0].judgement.ruling, Ruling::undecided);
  EXPECT_TRUE(comparison.cases[0].judgement.visible);
}

// Seven rounds on each side of one case, the head slower by `change` (log-ratio).
Judgement simulated(std::mt19937_64& random, double change) {
  std::normal_distribution<double> noise(0, 0.05);
  SyntheticFile base, head;
  std::vector<double> before, after;
  for (int round = 0; round < 7; ++round) {
    before.push_back(1000 * std::exp(noise(random)));
    after.push_back(1000 * std::exp(noise(random) + change));
  }
  base.ok(square_gemm(256), "naive", before, 1);
  head.ok(square_gemm(256), "naive", after, 1);
  return compare_files(base.file(), head.file(), {}).cases[0].judgement;
}

TEST(CompareFiles, DetectableChange) {
  constexpr int kTrials = 200;
  std::mt19937_64 random(3);
  std::vector<double> visible;
  while (visible.size() < 50) {
    const auto judgement = simulated(random, 0.05);
    if (judgement.visible) visible.push_back(*judgement.visible);
  }
  const double change = median(visible);
  int slower = 0;
  for (int trial = 0; trial < kTrials; ++trial) slower += simulated(random, change).ruling == Ruling::slower;
  EXPECT_NEAR(slower / static_cast<double>(kTrials), 0.95, 0.05) << "a change of " << change;
}

TEST(CompareFiles, ImportedFilesAreRefused) {
  auto imported = file_with(1000, 8000);
  imported.whygpu()["imported"] = {
      {"format", "deepbench"}, {"source", "a paper"}, {"date", "2017-06-28"}, {"file", "a.csv"}};
  FileComparisonOptions options;
  options.across_machines = true;
  const auto measured = file_with(1000, 8000).file(), published = imported.file("theirs.json");
  const std::string message =
      "theirs: published by others (a paper, 2017-06-28), not measured here; compare accepts result files of `whygpu "
      "run`";
  EXPECT_EQ(complaint([&] { compare_files(measured, published, options); }), message);
  EXPECT_EQ(complaint([&] { compare_files(published, measured, options); }), message);
}

TEST(CompareFiles, TooFewRounds) {
  SyntheticFile base, head;
  base.ok(square_gemm(256), "naive", {1000, 1001}, 1);
  head.ok(square_gemm(256), "naive", {2000, 2001}, 1);
  const auto comparison = compare_files(base.file(), head.file(), {});
  EXPECT_EQ(comparison.cases[0].judgement.ruling, Ruling::undecided);
  EXPECT_THAT(comparison.cases[0].judgement.reason, HasSubstr("at least 3"));
}

TEST(CompareFiles, MissingIncorrectUnsupported) {
  SyntheticFile base = file_with(1000, 8000), head;
  head.backend("naive");
  head.not_ok(square_gemm(256), "naive", "incorrect", "element 7");
  base.not_ok(square_gemm(64), "cublas", "unsupported", "no device");
  head.not_ok(square_gemm(64), "cublas", "unsupported", "no device");
  const auto comparison = compare_files(base.file(), head.file(), {});
  ASSERT_EQ(comparison.cases.size(), 2U) << "a case that neither side supports is not missing";
  EXPECT_EQ(comparison.cases[0].judgement.ruling, Ruling::incorrect);
  EXPECT_EQ(comparison.cases[1].judgement.ruling, Ruling::missing);
  EXPECT_EQ(comparison.exit_code(), ExitCode::not_judged);
}

TEST(CompareFiles, RefusesOtherMachines) {
  const SyntheticFile base = file_with(1000, 8000);
  SyntheticFile other = file_with(1000, 8000), threads = file_with(1000, 8000);
  other.whygpu()["environment"]["cpu"]["model"] = "Another CPU";
  threads.whygpu()["run"]["threads"] = 1;
  EXPECT_THAT(complaint([&] { compare_files(base.file(), other.file(), {}); }), HasSubstr("different machines"));
  EXPECT_THAT(complaint([&] { compare_files(base.file(), threads.file(), {}); }), HasSubstr("8 against 1 threads"));
  FileComparisonOptions options;
  options.across_machines = true;
  EXPECT_THAT(compare_files(base.file(), other.file(), options).notes, Contains("CPU: Synthetic CPU -> Another CPU"));
}

TEST(CompareFiles, RefusesDisjointFiles) {
  SyntheticFile other;
  other.ok(square_gemm(64), "naive", seven_rounds(10), 1);
  EXPECT_THAT(complaint([&] { compare_files(file_with(1, 2).file(), other.file(), {}); }),
              HasSubstr("no comparable case"));
}

TEST(CompareFiles, DifferentLoadsFirst) {
  auto quiet = file_with(1000, 8000), busy = file_with(1000, 8000), similar = file_with(1000, 8000);
  quiet.whygpu()["environment"]["load"] = {0.5, 9, 9};  // on 8 CPUs
  busy.whygpu()["environment"]["load"] = {4, 0, 0};
  similar.whygpu()["environment"]["load"] = {2, 0, 0};
  busy.whygpu()["environment"]["kernel"] = "6.12.0";
  EXPECT_THAT(environment_differences(quiet.file(), busy.file()),
              testing::ElementsAre(HasSubstr("0.50 -> 4.00; a busy machine is slower"), HasSubstr("kernel")));
  EXPECT_THAT(environment_differences(quiet.file(), similar.file()), testing::IsEmpty());
}

TEST(CompareFiles, EnvironmentDifferences) {
  SyntheticFile head = file_with(1000, 8000);
  head.whygpu()["environment"]["kernel"] = "6.12.0";
  head.whygpu()["environment"]["variables"]["OPENBLAS_CORETYPE"] = "Haswell";
  const auto differences = environment_differences(file_with(1000, 8000).file(), head.file());
  EXPECT_THAT(differences, testing::ElementsAre("kernel: 6.1.0-synthetic -> 6.12.0",
                                                "variable OPENBLAS_CORETYPE: (none) -> Haswell"));
}

}  // namespace
}  // namespace whygpu
