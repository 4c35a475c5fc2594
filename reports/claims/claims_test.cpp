#include "reports/claims/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/claims/claim_measures.h"
#include "reports/results/synthetic_file.h"

namespace whygpu {
namespace {

using testing::HasSubstr;

JudgedClaim judged(const SyntheticFile& file, const std::string& id, const ClaimSettings& settings = {}) {
  for (const auto& claim : judge_claims(standard_claims(), file.file(), settings)) {
    if (claim.claim.id == id) return claim;
  }
  throw std::logic_error("no claim " + id);
}

SyntheticFile machine(double cpu_gflops, double gpu_gflops) {
  SyntheticFile file;
  file.backend("naive").backend("cuda", "cuda", "Synthetic GPU");
  for (int size : {64, 512, 4096}) {
    const double flops = gemm_flops(size);
    file.ok(square_gemm(size), "naive", seven_rounds(flops / cpu_gflops), flops);
    file.ok(square_gemm(size), "cuda", seven_rounds(flops / gpu_gflops + 1e5), flops);
  }
  return file;
}

TEST(Claims, ConditionsUseKnownMeasures) {
  const auto names = measure_names();
  for (const auto& claim : standard_claims()) {
    for (const auto& condition : claim.conditions) EXPECT_THAT(names, testing::Contains(condition.measure)) << claim.id;
  }
}

TEST(Claims, ProcessingPower) {
  EXPECT_EQ(judged(machine(5, 20'000), "processing-power").verdict, ClaimVerdict::confirmed);
  const auto refuted = judged(machine(500, 20'000), "processing-power");
  EXPECT_EQ(refuted.verdict, ClaimVerdict::refuted);
  EXPECT_THAT(refuted.evidence[1], HasSubstr("500 GFLOP/s: naive"));
}

TEST(Claims, CpuOnly) {
  SyntheticFile slow, fast;
  slow.backend("naive").ok(square_gemm(64), "naive", {100}, 200);
  fast.backend("naive").ok(square_gemm(64), "naive", {1}, 200);
  EXPECT_EQ(judged(slow, "processing-power").verdict, ClaimVerdict::not_measured);
  EXPECT_EQ(judged(fast, "processing-power").verdict, ClaimVerdict::refuted);
}

// Neither the fastest GPU nor the fastest CPU backend.
TEST(Claims, OpenClOnTheCpuCountsAsNeither) {
  auto file = machine(5, 20'000);
  file.backend("clblast", "cpu-opencl", "OpenCL on the CPU (PoCL)");
  file.ok(square_gemm(4096), "clblast", seven_rounds(1), gemm_flops(4096));
  const auto with = judged(file, "processing-power"), without = judged(machine(5, 20'000), "processing-power");
  EXPECT_EQ(with.verdict, without.verdict);
  EXPECT_EQ(with.evidence, without.evidence);
  SyntheticFile alone;
  alone.backend("clblast", "cpu-opencl").ok(square_gemm(64), "clblast", {1}, 200);
  EXPECT_EQ(judged(alone, "processing-power").verdict, ClaimVerdict::not_measured);
}

TEST(Claims, SmallTasks) {
  EXPECT_EQ(judged(machine(500, 20'000), "small-tasks").verdict, ClaimVerdict::confirmed);
  EXPECT_EQ(judged(machine(0.001, 20'000), "small-tasks").verdict, ClaimVerdict::refuted);
}

TEST(Claims, MissingMeasurements) {
  const auto file = machine(500, 20'000);
  const std::pair<const char*, const char*> missing[] = {{"training-time", "no training step was measured"},
                                                         {"efficiency", "energy"},
                                                         {"bandwidth", "four times its largest cache"},
                                                         {"dollars", "--price"},
                                                         {"cloud", "--price"},
                                                         {"memory", "all of 3 cases fit"},
                                                         {"real-time", "no GPU inference"}};
  for (const auto& [id, why] : missing) {
    const auto claim = judged(file, id);
    EXPECT_EQ(claim.verdict, ClaimVerdict::not_measured) << id;
    EXPECT_THAT(claim.evidence[0], HasSubstr(why)) << id;
  }
}

TEST(Claims, LargeModelTraining) {
  auto file = machine(5, 20'000);
  for (const char* backend : {"naive", "cuda"}) {
    auto& step =
        file.ok("training_step model=mlp-50m batch=32", backend, seven_rounds(*backend == 'n' ? 500 : 100), 1e9);
    for (auto& round : step["rounds"]) round["details"] = {{"parameters", 51e6}};
  }
  EXPECT_EQ(judged(file, "training-time").verdict, ClaimVerdict::confirmed);
  EXPECT_EQ(judged(file, "training-hours").verdict, ClaimVerdict::refuted);
  EXPECT_EQ(judged(file, "fifty-million").verdict, ClaimVerdict::confirmed);
}

TEST(Claims, SpeedAboveCeiling) {
  auto file = machine(500, 20'000);
  file.whygpu()["ceilings"] = {{{"device", "Synthetic cpu"},
                                {"kind", "flops"},
                                {"dtype", "f32"},
                                {"value", 400e9},
                                {"unit", "FLOP/s"},
                                {"how", "loop"}}};
  const auto claim = judged(file, "processing-power");
  EXPECT_EQ(claim.verdict, ClaimVerdict::not_measured);
  EXPECT_THAT(claim.evidence[1], HasSubstr("is suspect: an error: the ceiling was measured too low"));
}

TEST(Claims, PricesAndRent) {
  ClaimSettings settings;
  settings.prices = {{"Synthetic cpu", 1000}, {"Synthetic GPU", 800}};
  settings.hourly = {{"Synthetic GPU", 2}};
  const auto file = machine(500, 20'000);
  EXPECT_EQ(judged(file, "dollars", settings).verdict, ClaimVerdict::confirmed);
  EXPECT_EQ(judged(file, "affordable", settings).verdict, ClaimVerdict::confirmed);
  EXPECT_EQ(judged(file, "cloud", settings).verdict, ClaimVerdict::confirmed);
  settings.prices["Synthetic GPU"] = 30'000;
  EXPECT_EQ(judged(file, "affordable", settings).verdict, ClaimVerdict::refuted);
  EXPECT_EQ(judged(file, "cloud", settings).verdict, ClaimVerdict::refuted);
}

TEST(Claims, InsufficientMemory) {
  auto file = machine(5, 20'000);
  file.not_ok("training_step model=gpt batch=512", "cuda", "unsupported", "needs 200 GB of device memory, 16 GB there");
  EXPECT_EQ(judged(file, "memory").verdict, ClaimVerdict::confirmed);
}

// A CPU alone, and a catalogued card of 999 dollars.
JudgedClaim judged_for_card(double cpu_gflops, const std::string& id, const char* card = "NVIDIA GeForce RTX 5080") {
  SyntheticFile file;
  file.backend("library");
  for (int size : {512, 4096}) {
    auto& record = file.ok(square_gemm(size), "library", seven_rounds(gemm_flops(size) / cpu_gflops), gemm_flops(size));
    record["values"]["batch"] = "1";
    record["values"]["trans"] = "nn";
  }
  return judged(file, id, {{}, {}, {*Catalogue::standard().find(card)}});
}

TEST(Claims, ProjectionDecidesWhatWasNotMeasured) {
  const auto claim = judged_for_card(100, "affordable");
  EXPECT_EQ(claim.verdict, ClaimVerdict::confirmed);
  EXPECT_EQ(claim.projected_for, "NVIDIA GeForce RTX 5080");
  EXPECT_THAT(claim.evidence.back(), HasSubstr("projected ["));
  EXPECT_EQ(judged_for_card(100, "affordable", "NVIDIA H100 SXM").verdict, ClaimVerdict::refuted);
  EXPECT_EQ(judged_for_card(1e6, "affordable").verdict, ClaimVerdict::refuted);
}

// 4 times a CPU of 9,000 GFLOP/s lies inside the band of the card.
TEST(Claims, BandOnBothSidesDecidesNothing) {
  const auto claim = judged_for_card(9'000, "affordable");
  EXPECT_EQ(claim.verdict, ClaimVerdict::not_measured);
  EXPECT_EQ(claim.projected_for, "");
}

TEST(Claims, MeasurementsAreNotProjected) {
  const auto claim =
      judged(machine(500, 20'000), "processing-power", {{}, {}, {*Catalogue::standard().find("NVIDIA T4")}});
  EXPECT_EQ(claim.verdict, ClaimVerdict::refuted);
  EXPECT_EQ(claim.projected_for, "");
}

TEST(Claims, DocumentContents) {
  const auto text = render_terminal(claims_document({machine(500, 20'000).file()}, {}), 200, false);
  EXPECT_THAT(text, HasSubstr("refuted: A GPU computes 10^12"));
  EXPECT_THAT(text, HasSubstr("Rule: the fastest GPU result"));
}

TEST(Claims, InvalidList) {
  EXPECT_THROW(parse_claims("{"), std::invalid_argument);
  EXPECT_THROW(parse_claims(R"({"claims": [{"id": "a", "words": "b", "rule": "c", "conditions": []}]})"),
               std::invalid_argument);
}

}  // namespace
}  // namespace whygpu
