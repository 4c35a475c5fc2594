#include "reports/views/crossover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/results/synthetic_file.h"

namespace whygpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A CPU that needs 100 ns at every size, and a GPU that is `factors[i]` times as fast at size 64·2^i.
SyntheticFile contest_file(const std::vector<double>& factors, double relative_spread = 0.01) {
  SyntheticFile file;
  file.backend("naive").backend("openblas").backend("cuda", "cuda", "Synthetic GPU");
  int size = 64;
  for (double factor : factors) {
    file.ok(square_gemm(size), "naive", seven_rounds(1000), 1000);
    file.ok(square_gemm(size), "openblas", seven_rounds(100, relative_spread), 1000);
    file.ok(square_gemm(size), "cuda", seven_rounds(100 / factor, relative_spread), 1000);
    size *= 2;
  }
  return file;
}

Contest only_contest(const SyntheticFile& file) {
  const auto all = contests(file.file(), {});
  EXPECT_EQ(all.size(), 1U);
  return all.at(0);
}

TEST(Crossover, BandBetweenSizes) {
  const auto contest = only_contest(contest_file({0.1, 0.5, 2, 8}));
  EXPECT_EQ(contest.crossover.kind, CrossoverKind::between);
  EXPECT_EQ(contest.crossover.last_behind, 128);
  EXPECT_EQ(contest.crossover.from, 256);
  EXPECT_EQ(describe(contest), "between 128 and 256");
  EXPECT_EQ(contest.family.size_name, "m=n=k");
  EXPECT_EQ(contest.points[0].best_cpu, "openblas");
  EXPECT_EQ(contest.device, "Synthetic GPU");
}

TEST(Crossover, AlwaysAndNever) {
  EXPECT_EQ(describe(only_contest(contest_file({2, 3, 4}))), "always, from 64 on");
  EXPECT_EQ(describe(only_contest(contest_file({0.1, 0.2, 0.9}))), "never up to 256");
}

TEST(Crossover, IsolatedWin) {
  const auto contest = only_contest(contest_file({0.2, 3, 0.5, 0.8, 2, 4}));
  EXPECT_EQ(contest.crossover.from, 1024);
  EXPECT_EQ(contest.crossover.last_behind, 512);
  EXPECT_THAT(contest.crossover.isolated_wins, ElementsAre(128));
}

TEST(Crossover, NoiseWidensBand) {
  // With ±10% on both sides, 0.95 and 1.05 are indistinguishable from 1.
  const auto noisy = only_contest(contest_file({0.5, 0.95, 1.05, 2}, 0.1));
  EXPECT_EQ(describe(noisy), "between 64 and 512");
  const auto quiet = only_contest(contest_file({0.5, 0.95, 1.05, 2}, 0.001));
  EXPECT_EQ(describe(quiet), "between 128 and 256");
}

TEST(Crossover, NoiseAtLargestSize) {
  EXPECT_THAT(describe(only_contest(contest_file({0.5, 0.9, 1.02}, 0.05))),
              HasSubstr("undecided: within the spread at 256"));
}

TEST(Crossover, EqualFromSmallestSize) {
  EXPECT_EQ(describe(only_contest(contest_file({1.01, 1.5, 3}, 0.05))), "at or below 128");
}

TEST(Crossover, SingleRound) {
  SyntheticFile file;
  file.backend("naive").backend("cuda", "cuda");
  for (int size : {64, 128, 256}) {
    file.ok(square_gemm(size), "naive", {100}, 1);
    file.ok(square_gemm(size), "cuda", {20000.0 / size}, 1);
  }
  const auto contest = only_contest(file);
  EXPECT_FALSE(contest.crossover.has_band);
  EXPECT_EQ(describe(contest), "between 128 and 256");
}

// Queued operations hide the launch: a GPU that is ahead at 64 needs 5 µs for one operation that the host waits for.
TEST(Crossover, LatencyOfOneOperation) {
  SyntheticFile file;
  file.backend("openblas").backend("cuda", "cuda");
  for (int size : {64, 128, 256}) {
    const double cpu_ns = std::pow(size, 3) / 500, gpu_ns = cpu_ns / 10;
    file.ok(square_gemm(size), "openblas", seven_rounds(cpu_ns), 1);
    auto& record = file.ok(square_gemm(size), "cuda", seven_rounds(gpu_ns), 1);
    for (auto& round : record["rounds"]) round["details"]["synchronised_ns"] = 5000 + gpu_ns;
  }
  const auto all = contests(file.file(), {});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].resource, Resource::time);
  EXPECT_EQ(all[0].crossover.kind, CrossoverKind::always);
  EXPECT_EQ(all[1].resource, Resource::latency);
  EXPECT_EQ(all[1].crossover.from, 256);
}

// OpenCL on the CPU is neither a GPU nor one of the CPU backends that a GPU has to beat.
TEST(Crossover, OpenClOnTheCpuIsLeftOut) {
  SyntheticFile file;
  file.backend("openblas").backend("clblast", "cpu-opencl", "OpenCL on the CPU (PoCL)").backend("cuda", "cuda");
  for (int size : {64, 128, 256}) {
    file.ok(square_gemm(size), "openblas", seven_rounds(100), 1);
    file.ok(square_gemm(size), "clblast", seven_rounds(1), 1);
    file.ok(square_gemm(size), "cuda", seven_rounds(50), 1);
  }
  const auto contest = only_contest(file);
  EXPECT_EQ(contest.candidate, "cuda");
  EXPECT_EQ(contest.points.at(0).best_cpu, "openblas");
  const auto all = contests(file.file(), {}, CpuOpenCl::candidate);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].candidate, "clblast");
  EXPECT_EQ(all[0].device, "OpenCL on the CPU (PoCL)");
  EXPECT_EQ(all[1].points.at(0).best_cpu, "openblas");
}

TEST(Crossover, FailedSizes) {
  auto file = contest_file({0.5, 2, 4});
  file.ok(square_gemm(512), "openblas", seven_rounds(100), 1);
  file.not_ok(square_gemm(512), "cuda", "failed", "out of memory");
  file.ok(square_gemm(1024), "cuda", seven_rounds(100), 1);
  const auto contest = only_contest(file);
  EXPECT_EQ(contest.crossover.from, 128);
  EXPECT_THAT(contest.gaps, ElementsAre("at 512: cuda failed: out of memory", "at 1024: no CPU result"));
}

TEST(Crossover, OffloadModes) {
  SyntheticFile file;
  file.backend("naive").backend("cuda", "cuda");
  for (int size : {64, 128, 256}) {
    file.ok(square_gemm(size), "naive", seven_rounds(100), 1);
    file.ok(square_gemm(size) + " offload=kernel", "cuda", seven_rounds(10), 1);
    file.ok(square_gemm(size) + " offload=once reuse=32", "cuda", seven_rounds(50), 1);
    file.ok(square_gemm(size) + " offload=always", "cuda", seven_rounds(1000), 1);
  }
  const auto all = contests(file.file(), {});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].data_path.text, "kernel");
  EXPECT_EQ(all[0].crossover.kind, CrossoverKind::always);
  EXPECT_EQ(all[1].data_path.text, "once reuse=32");
  EXPECT_EQ(all[2].crossover.kind, CrossoverKind::never);
  const auto pays = paybacks(file.file());
  ASSERT_EQ(pays.size(), 3U);
  EXPECT_EQ(pays[0].reuses, 11);  // 990 ns of upload, 90 ns saved at each use
}

TEST(Crossover, SlowerGpuWithUpload) {
  SyntheticFile file;
  file.backend("naive").backend("cuda", "cuda");
  file.ok(square_gemm(64), "naive", seven_rounds(100), 1);
  file.ok(square_gemm(64) + " offload=kernel", "cuda", seven_rounds(200), 1);
  file.ok(square_gemm(64) + " offload=always", "cuda", seven_rounds(300), 1);
  ASSERT_EQ(paybacks(file.file()).size(), 1U);
  EXPECT_EQ(paybacks(file.file())[0].reuses, std::nullopt);
}

TEST(Crossover, EnergyAndMoney) {
  auto file = contest_file({0.5, 2, 8, 32});
  for (auto& record : file.whygpu()["cases"]) {
    // The GPU draws four times the power.
    const double watts = record["backend"] == "cuda" ? 4 : 1;
    for (auto& round : record["rounds"]) {
      round["details"] = {{"energy_joules_per_op", watts * round["samples_ns"][0].get<double>()}};
    }
  }
  const auto all = contests(file.file(), {{{"Synthetic cpu", 1000}, {"Synthetic GPU", 9000}}, {}, {}});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].crossover.from, 128);
  EXPECT_EQ(all[1].resource, Resource::energy);
  EXPECT_EQ(all[1].crossover.from, 256);
  EXPECT_EQ(all[2].resource, Resource::money);  // ten times the dollars, host included
  EXPECT_EQ(all[2].crossover.from, 512);
  EXPECT_NEAR(all[2].points.back().factor.value, 32.0 * 1000 / (9000 + 1000), 0.01);
}

TEST(Crossover, RentOnBothSides) {
  const auto file = contest_file({0.5, 2, 8, 32}).file();
  const DevicePrices prices = {{"Synthetic cpu", 1000}, {"Synthetic GPU", 9000}};
  const auto dollars = [&](const DevicePrices& rents) { return contests(file, {prices, rents, {}}).at(1); };
  EXPECT_EQ(dollars({{"Synthetic GPU", 3}}).crossover.from, 512);  // rent and price are not comparable
  const auto rented = dollars({{"Synthetic cpu", 1}, {"Synthetic GPU", 3}});
  EXPECT_EQ(rented.crossover.from, 256);
  EXPECT_NEAR(rented.points.back().factor.value, 32.0 / 3, 0.01);
}

TEST(Crossover, EnergyOnBothSides) {
  auto file = contest_file({1});
  for (auto& record : file.whygpu()["cases"]) {
    const double joules = record["backend"] == "cuda" ? 1 : 4;
    for (auto& round : record["rounds"]) round["details"] = {{"energy_joules_per_op", joules}};
  }
  // With near-zero device prices only energy counts.
  const auto all = contests(file.file(), {{{"Synthetic cpu", 1e-9}, {"Synthetic GPU", 1e-9}}, {}, 0.3});
  EXPECT_NEAR(all.at(2).points.back().factor.value, 4, 0.01);
}

TEST(Crossover, NoCandidate) {
  SyntheticFile file;
  file.backend("naive").ok(square_gemm(64), "naive", {1}, 1);
  EXPECT_TRUE(contests(file.file(), {}).empty());
}

TEST(Families, SplitByDtypeSettingsShape) {
  SyntheticFile file;
  for (int size : {64, 128, 256}) {
    const auto s = std::to_string(size);
    file.ok(square_gemm(size), "naive", {1}, size);
    file.ok(square_gemm(size, "bf16"), "naive", {1}, size);
    file.ok(square_gemm(size) + " mode=cold", "naive", {1}, size);
    file.ok("gemm m=" + s + " n=" + s + " k=16 dtype=f32", "naive", {1}, size);
  }
  std::vector<std::string> names;
  for (const auto& family : families_of(file.file())) {
    names.push_back(family.dtype + "|" + family.settings + "|" + family.size_name + "|" + family.fixed);
    EXPECT_EQ(family.problems.size(), 3U);
  }
  EXPECT_THAT(names, ElementsAre("f32||m=n=k|", "f32||m=n|k=16", "bf16||m=n=k|", "f32|mode=cold|m=n=k|"));
}

TEST(Families, RestOrderedByFlops) {
  SyntheticFile file;
  file.ok("gemm m=7 n=500 k=3 dtype=f32", "naive", {1}, 21000);
  file.ok("gemm m=5 n=11 k=13 dtype=f32", "naive", {1}, 1430);
  const auto families = families_of(file.file());
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].size_name, "FLOP");
  EXPECT_EQ(families[0].problems[0].size, 1430);
}

// Many passes over a small vector move as many bytes as one over a large one; the first case did not run.
TEST(Families, MemoryOrderedByFootprint) {
  SyntheticFile file;
  for (int bytes : {32'000, 256'000}) {
    const auto problem = "memory bytes=" + std::to_string(bytes) + " passes=" + std::to_string(16'384'000 / bytes);
    file.not_ok(problem, "openblas", "failed", "crashed");
    file.ok(problem, "naive", {1}, 0, 16'384'000)["set_bytes"] = bytes;
  }
  const auto families = families_of(file.file());
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].size_name, "footprint");
  EXPECT_EQ(families[0].problems[0].size, 32'000);
  EXPECT_EQ(families[0].problems[1].size, 256'000);
}

TEST(Families, ConstantProportions) {
  SyntheticFile file;
  for (int s : {1, 2, 4}) {
    file.ok("gemm m=" + std::to_string(32 * s) + " n=" + std::to_string(32 * s) + " k=" + std::to_string(512 * s),
            "naive", {1}, s);
  }
  EXPECT_EQ(families_of(file.file()).at(0).size_name, "m:n:k=1:1:16");
}

}  // namespace
}  // namespace whygpu
