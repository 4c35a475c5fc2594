#include "benchmarks/runner/gate/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "benchmarks/cases/sweep.h"
#include "benchmarks/runner/gate/fake_build.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;

class GateTest : public testing::Test {
 protected:
  Build build(const std::string& name, int nanoseconds, const std::string& module_text) {
    return {name, {}, make_fake_build(folder_.path() / name, nanoseconds, module_text)};
  }

  Comparison run(const Build& base, const Build& head) {
    const std::atomic<bool> interrupted = false;
    return run_gate(base, head, options_, interrupted,
                    [this](const Progress& progress) { progress_.push_back(progress); });
  }

  static GateOptions make_options() {
    GateOptions options;
    options.cases = parse_sweep("gemm m=8,16,32 n=8 k=8", "test");
    return options;
  }

  TemporaryFolder folder_;
  GateOptions options_ = make_options();
  std::vector<Progress> progress_;
};

std::vector<Ruling> rulings(const Comparison& comparison) {
  std::vector<Ruling> all;
  for (const auto& c : comparison.cases) all.push_back(c.judgement.ruling);
  return all;
}

TEST_F(GateTest, IdenticalCodeSkipped) {
  const Build base = build("base", 100, "code"), head = build("head", 120, "code");
  const auto comparison = run(base, head);
  EXPECT_THAT(comparison.cases, SizeIs(3));
  EXPECT_THAT(rulings(comparison), Each(Ruling::same));
  EXPECT_EQ(comparison.cases[0].judgement.reason, "identical code, not measured");
  EXPECT_FALSE(fs::exists(base.folder / "visits")) << "the worker was asked for a measurement";
  EXPECT_EQ(comparison.exit_code(), ExitCode::nothing_slower);
}

TEST_F(GateTest, EqualSpeedIsSameAfterSixPairs) {
  const auto comparison = run(build("base", 100, "old"), build("head", 100, "new"));
  EXPECT_THAT(rulings(comparison), Each(Ruling::same));
  EXPECT_EQ(comparison.cases[2].judgement.pairs, 6U);
  EXPECT_THAT(comparison.cases[2].pairs, SizeIs(6));
  EXPECT_THAT(progress_, SizeIs(18));
  EXPECT_EQ(progress_.back().settled, 3U);
}

TEST_F(GateTest, FindsSlowdown) {
  const auto comparison = run(build("base", 1000, "old"), build("head", 1100, "new"));
  EXPECT_THAT(rulings(comparison), Each(Ruling::slower));
  EXPECT_NEAR(percent(*comparison.cases[0].judgement.change), 10, 1e-9);
  EXPECT_EQ(comparison.cases[0].base_ns, 1000);
  EXPECT_EQ(comparison.cases[0].head_ns, 1100);
  EXPECT_EQ(comparison.exit_code(), ExitCode::slower);
}

TEST_F(GateTest, IdenticalCodeOnRequest) {
  options_.measure_identical = true;
  EXPECT_EQ(run(build("base", 100, "code"), build("head", 100, "code")).cases[0].judgement.pairs, 6U);
}

TEST_F(GateTest, AcceleratorCasesShareAProcess) {
  const Build base = build("base", 100, "old"), head = build("head", 100, "new");
  write_file(base.folder / "kind", "cuda");
  const auto comparison = run(base, head);
  EXPECT_THAT(rulings(comparison), Each(Ruling::same));
  std::ifstream visits(base.folder / "visits");
  int processes = 0;
  for (std::string line; std::getline(visits, line); ++processes)
    EXPECT_EQ(std::count(line.begin(), line.end(), ';'), 3) << line;
  EXPECT_EQ(processes, 6);
}

TEST_F(GateTest, IncorrectResults) {
  const Build head = build("head", 100, "new");
  write_file(head.folder / "status", "incorrect");
  const auto comparison = run(build("base", 100, "old"), head);
  EXPECT_THAT(rulings(comparison), Each(Ruling::incorrect));
  EXPECT_EQ(comparison.cases[0].judgement.reason, "because of the test");
  EXPECT_EQ(comparison.exit_code(), ExitCode::not_judged);
}

TEST_F(GateTest, CaseOfOneSideIsMissing) {
  const Build head = build("head", 100, "new");
  fs::rename(head.folder / "backends/fake.so", head.folder / "backends/other.so");
  const auto comparison = run(build("base", 100, "old"), head);
  EXPECT_THAT(comparison.cases, SizeIs(6)) << "three cases on each of two backends";
  EXPECT_THAT(rulings(comparison), Each(Ruling::missing));
  EXPECT_EQ(comparison.exit_code(), ExitCode::not_judged);
}

TEST_F(GateTest, UnsupportedOnBothSidesIsLeftOut) {
  const Build base = build("base", 100, "old"), head = build("head", 100, "new");
  for (const Build* side : {&base, &head}) write_file(side->folder / "status", "unsupported");
  const auto comparison = run(base, head);
  EXPECT_THAT(comparison.cases, SizeIs(0));
  EXPECT_THAT(comparison.notes, Contains(HasSubstr("3 of 3 cases are unsupported in both builds")));
  EXPECT_EQ(comparison.exit_code(), ExitCode::not_judged);
}

TEST_F(GateTest, BackendWithoutTheWorkloadRunsOnlyWhenNamed) {
  const Build base = build("base", 100, "old"), head = build("head", 100, "new");
  for (const Build* side : {&base, &head}) write_file(side->folder / "support", "false");
  EXPECT_THROW(run(base, head), CaseError);
  options_.backends = {"fake"};
  EXPECT_THAT(run(base, head).cases, SizeIs(3));
}

TEST_F(GateTest, WorkerWithoutAnswerIsMissing) {
  options_.cases = parse_sweep("gemm m=8 n=8 k=8\nmemory kernel=copy bytes=1024", "test");
  const Build base = build("base", 100, "old"), head = build("head", 100, "new");
  for (const Build* side : {&base, &head}) {
    fs::copy_file(side->folder / "gemm", side->folder / "memory");  // executable
    write_file(side->folder / "memory", "#!/bin/sh\nexit 3\n");
  }
  EXPECT_THAT(rulings(run(base, head)), testing::ElementsAre(Ruling::same, Ruling::missing));
}

TEST_F(GateTest, WorkloadNewInHeadIsACase) {
  const Build base = build("base", 100, "old"), head = build("head", 100, "new");
  write_file(base.folder / "support", "false");
  write_file(head.folder / "support", "true");
  EXPECT_THAT(run(base, head).cases, SizeIs(3));
}

TEST_F(GateTest, SpentBudgetLeavesCasesUndecided) {
  options_.budget_seconds = 1e-9;
  options_.strict = true;
  const auto comparison = run(build("base", 100, "old"), build("head", 100, "new"));
  EXPECT_THAT(rulings(comparison), Each(Ruling::undecided));
  EXPECT_THAT(comparison.notes, Contains(HasSubstr("budget")));
  EXPECT_EQ(comparison.exit_code(), ExitCode::undecided);
}

TEST_F(GateTest, BackendThatRunsNowhereIsNoCase) {
  options_.backends = {"cublas"};
  const Build base = build("base", 100, "old"), head = build("head", 100, "new");
  for (const Build* side : {&base, &head}) fs::remove(side->folder / "gemm");
  EXPECT_THROW(run(base, head), CaseError);
}

}  // namespace
}  // namespace whygpu
