#include "benchmarks/runner/ceilings/ceilings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/results/codec.h"

namespace whygpu {
namespace {

using testing::HasSubstr;

const std::vector<CacheRecord> kCaches = {
    {"Data", 1, 32 << 10, 1}, {"Instruction", 1, 32 << 10, 1}, {"Unified", 2, 1 << 20, 1}, {"Unified", 3, 32 << 20, 8}};

std::string line_of(const std::vector<CeilingCase>& cases, const std::string& level, const std::string& kernel) {
  for (const auto& c : cases) {
    if (c.level == level && c.c.text().find("kernel=" + kernel) != std::string::npos) return c.c.text();
  }
  return {};
}

TEST(CeilingCases, FillEachLevel) {
  const auto cases = host_ceiling_cases({"f32", "bf16"}, 2, kCaches);
  EXPECT_THAT(line_of(cases, "L1", "sum"), HasSubstr("bytes=32768 passes=2048"));  // half of two caches of 32 KiB
  EXPECT_THAT(line_of(cases, "L2", "sum"), HasSubstr("bytes=1048576 passes=64"));  // half of two of 1 MiB
  EXPECT_THAT(line_of(cases, "L3", "sum"), HasSubstr("bytes=16777216 passes=4"));  // half of one shared by both
  EXPECT_THAT(line_of(cases, "memory", "sum"), HasSubstr("bytes=134217728"));      // four times the last level
  const auto more = host_ceiling_cases({"f32"}, 12, kCaches);
  EXPECT_THAT(line_of(more, "memory", "copy"), HasSubstr("bytes=268435456"));  // twelve threads: two last-level caches
}

class BestCeilings : public testing::Test {
 protected:
  BestCeilings() : cases_(host_ceiling_cases({"f32", "f16"}, 2, {})), state_(plain()) {
    BackendRecord host;
    host.name = "host";
    host.device.emplace().name = "Test CPU";
    state_.apply(host);
  }
  std::vector<Case> plain() const {
    std::vector<Case> all;
    for (const auto& c : cases_) all.push_back(c.c);
    return all;
  }
  void finish(const std::string& part, const std::vector<double>& samples_ns) {
    for (const auto& c : cases_) {
      if (c.c.text().find(part) == std::string::npos) continue;
      EndRecord end;
      end.case_text = c.c.text();
      end.implementation = "loop of " + part;
      end.round.emplace().samples_ns = samples_ns;
      state_.apply(end);
    }
  }

  std::vector<CeilingCase> cases_;
  RunState state_;
};

TEST_F(BestCeilings, BestSampleOfBestCase) {
  finish("peak millions=80", {4e5, 2e5, 8e5});  // 80 million in 0.2 ms
  finish("measure=clock", {2.5e5});             // 1 million cycles in 0.25 ms
  finish("kernel=sum", {8e6});                  // 64 MiB in 8 ms
  finish("kernel=copy", {4e6});                 // in 4 ms
  const CeilingReport report = best_ceilings(cases_, state_);
  ASSERT_EQ(report.ceilings.size(), 3U);
  EXPECT_DOUBLE_EQ(report.ceilings[0].value, 4e9);
  EXPECT_EQ(report.ceilings[0].kind, CeilingKind::clock);
  EXPECT_DOUBLE_EQ(report.ceilings[1].value, 4e11);
  EXPECT_EQ(report.ceilings[1].device, "Test CPU");
  EXPECT_EQ(report.ceilings[1].dtype, "f32");
  EXPECT_DOUBLE_EQ(report.ceilings[2].value, (64 << 20) / 4e-3);
  EXPECT_EQ(report.ceilings[2].how, "copy: loop of kernel=copy");
}

// 30 samples of 20 ms at boost clock, then 30 of 25 ms: the second half of the time is all at the lower clock.
TEST(SustainedRate, AfterTheClockSettled) {
  CaseRecord result;
  result.flops = 1e9;
  EXPECT_EQ(sustained_rate(result), 0);
  auto& samples = result.rounds.emplace_back().samples_ns;
  samples.assign(30, 20e6);
  samples.insert(samples.end(), 30, 25e6);
  EXPECT_DOUBLE_EQ(sustained_rate(result), 1e9 / 25e-3);
  samples = {20e6};
  EXPECT_DOUBLE_EQ(sustained_rate(result), 1e9 / 20e-3);
}

CeilingReport visit(double clock, double flops, int undisturbed = 1) {
  return {{{"CPU", CeilingKind::clock, "", "", clock, "Hz", "chain", 1, undisturbed},
           {"CPU", CeilingKind::flops, "f32", "", flops, "FLOP/s", "of " + std::to_string(static_cast<int>(flops)), 1,
            undisturbed}},
          {"f16: no"}};
}

TEST(BestOfVisits, KeepsWhatWasSustained) {
  auto sustained = visit(3e9, 90);
  sustained.ceilings[1].sustained = 80;
  const auto best = best_of_visits({visit(3e9, 100), sustained, visit(3e9, 95)});
  EXPECT_EQ(best.ceilings[1].value, 100);
  EXPECT_EQ(best.ceilings[1].sustained, 80);
}

TEST(BestOfVisits, KeepsFastestAndCountsUndisturbed) {
  const auto best = best_of_visits({visit(3e9, 100), visit(3.1e9, 300), visit(3e9, 200, 0)});
  ASSERT_EQ(best.ceilings.size(), 2U);
  EXPECT_EQ(best.ceilings[1].value, 300);
  EXPECT_EQ(best.ceilings[1].how, "of 300");
  EXPECT_EQ(best.ceilings[1].visits, 3);
  EXPECT_EQ(best.ceilings[1].undisturbed, 2);
  EXPECT_THAT(best.missing, testing::ElementsAre("f16: no"));
}

TEST(BestOfVisits, LowClockIsDisturbed) {
  const auto best = best_of_visits({visit(2e9, 100), visit(3e9, 150)});  // the first looked well until the second
  EXPECT_EQ(best.ceilings[1].undisturbed, 1);
  EXPECT_EQ(best_of_visits({visit(2e9, 100)}).ceilings[1].undisturbed, 1);
}

TEST(BestOfVisits, ShortestLatency) {
  const CeilingReport slow{{{"GPU", CeilingKind::latency, "", "launch", 5e-6, "s", "", 1, 1}}, {}};
  const CeilingReport fast{{{"GPU", CeilingKind::latency, "", "launch", 2e-6, "s", "", 1, 1}}, {}};
  EXPECT_EQ(best_of_visits({fast, slow}).ceilings[0].value, 2e-6);
  EXPECT_EQ(best_of_visits({slow, fast}).ceilings[0].value, 2e-6);
}

TEST(Ceilings, SurviveTheJournal) {
  const CeilingRecord ceiling = visit(3e9, 100).ceilings[1];
  EXPECT_EQ(encode(decode<CeilingRecord>(encode(ceiling), "journal")), encode(ceiling));
}

TEST_F(BestCeilings, SharedProcessorIsNoticed) {
  const auto take = [&](double cpu_ns) {
    EndRecord end;
    end.case_text = cases_[1].c.text();
    RoundRecord& round = end.round.emplace();
    round.samples_ns = {100, 120, 80};
    round.batch = 4;
    round.cpu_ns = cpu_ns;
    state_.apply(end);
  };
  take(199);  // 2 threads for 100 ns
  EXPECT_FALSE(was_shared(state_, 2));
  take(120);
  EXPECT_TRUE(was_shared(state_, 2));
}

TEST_F(BestCeilings, MissingHasReason) {
  for (const auto& c : cases_) {
    if (c.dtype == "f16") {
      EndRecord end;
      end.case_text = c.c.text();
      end.status = Status::unsupported;
      end.reason = "no such instruction";
      state_.apply(end);
    }
  }
  EXPECT_THAT(best_ceilings(cases_, state_).missing, testing::Contains("f16 (host): no such instruction"));
}

}  // namespace
}  // namespace whygpu
