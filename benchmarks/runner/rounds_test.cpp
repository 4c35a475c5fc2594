// Runs real workers: the naive backend, and a fault-injection module.
#include "benchmarks/runner/rounds.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "benchmarks/runner/run_state.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class RoundsTest : public testing::Test {
 protected:
  void SetUp() override { setenv("WHYGPU_BACKEND_PATH", WHYGPU_BINARY_DIR "/tests/backends", 1); }
  void TearDown() override { unsetenv("WHYGPU_BACKEND_PATH"); }

  RunState run(const std::vector<std::string>& lines, RunSettings settings) {
    std::vector<Case> cases;
    for (const auto& line : lines) cases.push_back(parse_case(line));
    RunState state(cases);
    Rounds rounds(
        state, settings, WHYGPU_BINARY_DIR "/bin", [&](const WorkerRecord& record) { records_.push_back(record); },
        [](const Progress&) {});
    EXPECT_TRUE(rounds.run(never_));
    return state;
  }

  static RunSettings two_rounds() {
    RunSettings settings;
    settings.rounds = 2;
    settings.sample_seconds = 0.001;
    return settings;
  }

  std::vector<WorkerRecord> records_;
  std::atomic<bool> never_ = false;
};

TEST_F(RoundsTest, SamplesInEveryRound) {
  const auto state =
      run({"gemm m=8 n=8 k=8 backend=naive", "gemm m=9 n=8 k=8 backend=faulty variant=right"}, two_rounds());
  for (const auto& result : state.results()) {
    EXPECT_EQ(result.status, Status::ok) << result.reason;
    EXPECT_THAT(result.rounds, SizeIs(2));
    EXPECT_GT(result.rounds[0].samples_ns.at(0), 0);
    EXPECT_EQ(result.rounds[1].round, 2);
  }
  EXPECT_EQ(state.backends().at("naive").version, "plain C++ loops");
}

// Drift of the machine must not meet the same backend first in every round.
TEST_F(RoundsTest, OrderOfBackendsChanges) {
  auto settings = two_rounds();
  settings.rounds = 8;
  run({"gemm m=8 n=8 k=8 backend=naive", "gemm m=8 n=8 k=8 backend=faulty variant=right"}, settings);
  std::set<std::string> first_of_round;
  int round = 0;
  for (const auto& record : records_) {
    const auto* end = std::get_if<EndRecord>(&record);
    if (end == nullptr || end->round->round == round) continue;
    round = end->round->round;
    first_of_round.emplace(parse_case(end->case_text)["backend"]);
  }
  EXPECT_EQ(round, 8);
  EXPECT_THAT(first_of_round, SizeIs(2));
}

TEST_F(RoundsTest, IncorrectResultsUntimed) {
  const auto state =
      run({"gemm m=8 n=8 k=64 backend=faulty variant=off_by_one", "gemm m=8 n=8 k=64 backend=faulty variant=rounded",
           "gemm m=8 n=8 k=64 backend=faulty variant=silent", "gemm m=8 n=8 k=64 backend=faulty variant=nan",
           "gemm m=200 n=200 k=64 backend=faulty variant=off_by_one",
           "gemm m=200 n=200 k=64 backend=faulty variant=rounded"},
          two_rounds());
  for (const auto& result : state.results()) {
    EXPECT_EQ(result.status, Status::incorrect) << result.text;
    EXPECT_FALSE(result.reason.empty());
    EXPECT_THAT(result.rounds, SizeIs(0));
  }
}

TEST_F(RoundsTest, CrashFailsOneCase) {
  const auto state =
      run({"gemm m=8 n=8 k=8 backend=faulty variant=right", "gemm m=8 n=8 k=8 backend=faulty variant=abort",
           "gemm m=8 n=8 k=8 backend=faulty variant=late_abort", "gemm m=8 n=8 k=8 backend=faulty variant=throw",
           "gemm m=16 n=8 k=8 backend=faulty variant=right"},
          two_rounds());
  const auto& results = state.results();
  EXPECT_THAT(results[0].rounds, SizeIs(2));
  EXPECT_THAT(results[1].reason, HasSubstr("signal 6 (Aborted)"));
  EXPECT_THAT(results[2].reason, HasSubstr("signal 6 (Aborted)"));
  EXPECT_THAT(results[3].reason, HasSubstr("the planner gave up"));
  EXPECT_THAT(results[4].rounds, SizeIs(2));
}

// Whatever the order, cases that share a process with "damage" after it end that process, and are correct alone.
TEST_F(RoundsTest, DamageOfANeighbourIsNotBlamed) {
  for (const std::string damage : {"damage", "damage_exit"}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      auto settings = two_rounds();
      settings.seed = seed;
      const auto state =
          run({"gemm m=8 n=8 k=8 backend=faulty variant=right", "gemm m=9 n=8 k=8 backend=faulty variant=" + damage,
               "gemm m=16 n=8 k=8 backend=faulty variant=right"},
              settings);
      for (const auto& result : state.results()) {
        EXPECT_EQ(result.status, Status::ok) << damage << ", seed " << seed << ": " << result.reason;
        EXPECT_THAT(result.rounds, SizeIs(2));
      }
    }
  }
}

TEST_F(RoundsTest, HangFailsOneCase) {
  auto settings = two_rounds();
  settings.timeout_seconds = 1;
  const auto state =
      run({"gemm m=8 n=8 k=8 backend=faulty variant=sleep", "gemm m=8 n=8 k=8 backend=faulty variant=right"}, settings);
  EXPECT_EQ(state.results()[0].status, Status::failed);
  EXPECT_THAT(state.results()[0].reason, HasSubstr("no answer for 1 s"));
  EXPECT_THAT(state.results()[1].rounds, SizeIs(2));
}

TEST_F(RoundsTest, ABackendThatCannotLoadFailsItsCases) {
  const auto state = run({"gemm m=8 n=8 k=8 backend=no_device", "gemm m=8 n=8 k=8 backend=naive"}, two_rounds());
  EXPECT_THAT(state.results()[0].reason, HasSubstr("no such device on this machine"));
  EXPECT_EQ(state.results()[1].status, Status::ok);
}

TEST_F(RoundsTest, BudgetExhausted) {
  RunSettings settings;
  settings.sample_seconds = 0.001;
  settings.budget_seconds = 0;
  EXPECT_THAT(run({"gemm m=8 n=8 k=8 backend=naive"}, settings).results()[0].rounds, SizeIs(0));
  settings.every_case = true;
  const auto state = run({"gemm m=8 n=8 k=8 backend=naive"}, settings);
  EXPECT_THAT(state.results()[0].rounds, SizeIs(1));
  EXPECT_FALSE(state.results()[0].settled);
}

// A case that is still running then is not blamed.
TEST_F(RoundsTest, BudgetEndsACaseInFlight) {
  RunSettings settings;
  settings.sample_seconds = 0.001;
  settings.budget_seconds = 1;
  const auto state = run({"gemm m=8 n=8 k=8 backend=faulty variant=sleep"}, settings);
  EXPECT_EQ(state.results()[0].status, Status::ok);
  EXPECT_THAT(state.results()[0].rounds, SizeIs(0));
  ResultFile facts;
  facts.run.budget_seconds = 1;
  facts.complete = true;
  EXPECT_EQ(result_file(state, facts).cases[0].reason, std::string(kNotReached) + "the budget of 1 s was spent");
}

// One case of each group, then the faster group's other cases, cheap ones first.
TEST_F(RoundsTest, FirstRoundServesAnEarlyEnd) {
  auto settings = two_rounds();
  settings.rounds = 1;
  run({"gemm m=32 n=32 k=32 backend=naive", "gemm m=24 n=8 k=8 backend=naive", "gemm m=8 n=8 k=8 backend=naive",
       "gemm m=24 n=8 k=8 backend=faulty variant=slow", "gemm m=8 n=8 k=8 backend=faulty variant=slow"},
      settings);
  std::vector<std::string> order;
  for (const auto& record : records_) {
    const auto* end = std::get_if<EndRecord>(&record);
    if (end == nullptr) continue;
    const Case c = parse_case(end->case_text);
    order.push_back(fmt::format("{} {}", c["m"], c["backend"]));
  }
  ASSERT_THAT(order, SizeIs(5));
  EXPECT_THAT(std::vector(order.begin(), order.begin() + 2), testing::UnorderedElementsAre("8 naive", "8 faulty"));
  EXPECT_THAT(std::vector(order.begin() + 2, order.end()), testing::ElementsAre("24 naive", "32 naive", "24 faulty"));
}

// The later processes of a run compare a network's losses, or its output, with those that were verified.
TEST_F(RoundsTest, LaterRoundsVerifyAgainstTheFirst) {
  const std::string training = "training_step model=mlp width=16 batch=4 backend=naive",
                    inference = "inference model=mlp width=16 batch=4 backend=naive";
  const auto state = run({training, inference}, two_rounds());
  for (const auto& result : state.results()) ASSERT_THAT(result.rounds, SizeIs(2)) << result.reason;
  const auto& rounds = state.results()[0].rounds;
  EXPECT_EQ(rounds[0].details.at("reference_steps"), 10);
  EXPECT_EQ(rounds[1].details.at("reference_steps"), 0);
  EXPECT_EQ(rounds[1].details.at("loss_10"), rounds[0].details.at("loss_10"));
  EXPECT_EQ(state.results()[1].rounds[1].details.at("reference_at_full_size"), 0);

  // Beside a first round with other results, the second finds that the backend is wrong.
  RunState altered({parse_case(training), parse_case(inference)});
  for (auto record : records_) {
    auto* end = std::get_if<EndRecord>(&record);
    if (end == nullptr || end->round->round != 1) continue;
    for (const char* name : {"loss_3", "projection_3"}) {
      if (end->round->details.contains(name)) end->round->details[name] += 0.1;
    }
    altered.apply(record);
  }
  Rounds(
      altered, two_rounds(), WHYGPU_BINARY_DIR "/bin", [](const WorkerRecord&) {}, [](const Progress&) {})
      .run(never_);
  EXPECT_EQ(altered.results()[0].status, Status::incorrect);
  EXPECT_THAT(altered.results()[0].reason, HasSubstr("the loss of step 3"));
  EXPECT_EQ(altered.results()[1].status, Status::incorrect);
  EXPECT_THAT(altered.results()[1].reason, HasSubstr("projection_3 of the output"));
}

// Ended by the test in the second round: a budget that is not used up asks for more than one.
TEST_F(RoundsTest, BudgetLeftAsksForMoreRounds) {
  RunSettings settings;
  settings.sample_seconds = 0.001;
  settings.budget_seconds = 3600;
  RunState state({parse_case("gemm m=8 n=8 k=8 backend=naive")});
  std::atomic<bool> stop = false;
  const auto note = [&](const WorkerRecord& record) {
    const auto* end = std::get_if<EndRecord>(&record);
    stop = end != nullptr && end->round && end->round->round == 2;
  };
  EXPECT_FALSE(Rounds(state, settings, WHYGPU_BINARY_DIR "/bin", note, [](const Progress&) {}).run(stop));
  EXPECT_THAT(state.results()[0].rounds, SizeIs(2));
}

// Replaying the records gives the same state as the run.
TEST_F(RoundsTest, ReplayRestoresState) {
  const auto lived =
      run({"gemm m=8 n=8 k=8 backend=naive", "gemm m=8 n=8 k=8 backend=faulty variant=abort"}, two_rounds());
  RunState replayed({parse_case(lived.results()[0].text), parse_case(lived.results()[1].text)});
  for (const auto& record : records_) replayed.apply(*parse_worker_record(encode_worker_record(record).dump()));
  EXPECT_EQ(document_of(result_file(lived, {})), document_of(result_file(replayed, {})));
}

TEST(Settled, NeedsSixRoundsWithinThePrecision) {
  EXPECT_FALSE(is_settled(std::vector<double>{100, 100, 100, 100, 100}, 0.01));
  EXPECT_TRUE(is_settled(std::vector<double>{100, 100.5, 99.5, 100, 100, 100}, 0.01));
  EXPECT_FALSE(is_settled(std::vector<double>{100, 103, 99, 100, 100, 100}, 0.01));
  EXPECT_TRUE(is_settled(std::vector<double>{100, 103, 99, 100, 100, 100}, 0.03));
}

}  // namespace
}  // namespace whygpu
