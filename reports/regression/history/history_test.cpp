#include "reports/regression/history/history.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/history/chain.h"
#include "reports/regression/history/render_history.h"
#include "reports/regression/history/sqlite.h"
#include "reports/regression/history/store.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

std::string revision(int number) { return "r" + std::to_string(1000 + number); }

// A gate of one case between two revisions, the head `slower` (log-ratio) than the base.
Comparison gate(int base, int head, double slower, const std::string& text = "gemm m=1 backend=x") {
  Comparison comparison;
  comparison.base = {"base", revision(base)};
  comparison.head = {"head", revision(head)};
  comparison.started = comparison.finished = "2026-01-01T00:00:00Z";
  comparison.machine = "a machine";
  CaseComparison c;
  c.text = text;
  c.judgement.ruling = Ruling::same;
  for (int pair = 0; pair < 6; ++pair) {
    const double ns = 1000 + 10 * pair;
    c.pairs.push_back({"2026-01-01T00:00:00Z", pair % 2 == 0, {ns}, {ns * std::exp(slower)}});
  }
  comparison.cases.push_back(c);
  return comparison;
}

EnvironmentRecord environment(const std::string& host, const std::string& cpu) {
  EnvironmentRecord record;
  record.host = host;
  record.cpu_model = cpu;
  record.cpus_online = record.cpus_usable = 1;
  return record;
}

// What an SQLite file shows.
class HistoryFile : public testing::Test {
 protected:
  ~HistoryFile() override { fs::remove_all(folder_); }

  std::string complaint(History::Access access = History::Access::create) {
    try {
      History history(file_, access);
    } catch (const HistoryError& error) {
      return error.what();
    }
    return "no complaint";
  }

  fs::path folder_ = [] {
    std::string pattern = (fs::temp_directory_path() / "history-XXXXXX").string();
    return fs::path(mkdtemp(pattern.data()));
  }();
  fs::path file_ = folder_ / "history.db";
};

// What every store shows. PostgreSQL's tests need a database that they may empty, WHYGPU_TEST_DATABASE, and its psql,
// WHYGPU_TEST_PSQL; postgres_test.py has them.
class HistoryStores : public HistoryFile, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "Sqlite") return;
    const char* database = std::getenv("WHYGPU_TEST_DATABASE");
    const char* psql = std::getenv("WHYGPU_TEST_PSQL");
    if (database == nullptr || psql == nullptr) GTEST_SKIP() << "no WHYGPU_TEST_DATABASE";
    location_ = database;
    const auto empty =
        fmt::format("'{}' -q '{}' -c 'SET client_min_messages = warning' -c 'DROP SCHEMA IF EXISTS whygpu CASCADE'",
                    psql, database);
    ASSERT_EQ(std::system(empty.c_str()), 0);
  }

  History open(History::Access access = History::Access::create) { return open_history(location_, access); }

  std::string location_ = file_.string();
};

INSTANTIATE_TEST_SUITE_P(Stores, HistoryStores, testing::Values("Sqlite", "Postgres"),
                         [](const auto& test) { return test.param; });

TEST_P(HistoryStores, ChainsSteps) {
  History history = open();
  EXPECT_TRUE(history.add(gate(0, 1, 0.02)));
  EXPECT_TRUE(history.add(gate(1, 2, -0.01)));
  const auto all = history.series();
  ASSERT_THAT(all, SizeIs(1));
  const auto levels = chain(all[0]);
  ASSERT_THAT(levels, SizeIs(3));
  EXPECT_EQ(levels[0].revision, revision(0));
  EXPECT_NEAR(levels[1].value, 0.02, 1e-5);
  EXPECT_NEAR(levels[2].value, 0.01, 1e-5);
  EXPECT_EQ(levels[2].pairs, 6U);
}

TEST_P(HistoryStores, DuplicateComparison) {
  History history = open();
  EXPECT_TRUE(history.add(gate(0, 1, 0.02)));
  EXPECT_FALSE(history.add(gate(0, 1, 0.02)));
  EXPECT_EQ(history.comparisons(), 1U);
}

// What another version would say about it in other words.
TEST(HistoryIdentity, IsWhatWasMeasured) {
  nlohmann::json document = to_json(gate(1, 2, 0)).at("whygpu_comparison"), other = document;
  other["summary"] = "in other words";
  other["exit_code"] = 7;
  EXPECT_EQ(identity(document), identity(other));
  other["cases"][0]["measured"][0]["base_ns"][0] = 1001;
  EXPECT_NE(identity(document), identity(other));
}

// An export into a pipe that nobody reads.
TEST_F(HistoryFile, WriterWhileAnotherReads) {
  History(file_, History::Access::create).add(gate(1, 2, 0));
  const auto store = open_sqlite(file_, History::Access::existing);
  int cases = 0;
  store->each_case([&](const StoredCase&) {
    if (++cases > 1) return;
    EXPECT_TRUE(History(file_, History::Access::existing).add(gate(2, 3, 0)));
  });
  EXPECT_EQ(store->comparisons(), 2U);
}

TEST_P(HistoryStores, RepeatedStep) {
  History history = open();
  history.add(gate(0, 1, 0.02));
  history.add(gate(0, 1, 0.04));
  const auto levels = chain(history.series()[0]);
  EXPECT_EQ(levels[1].pairs, 12U);
  EXPECT_NEAR(levels[1].value, 0.03, 1e-4);
}

TEST_P(HistoryStores, Gap) {
  History history = open();
  history.add(gate(0, 1, 0.02));
  history.add(gate(5, 6, 0.01));
  const auto levels = chain(history.series()[0]);
  EXPECT_FALSE(levels[1].after_gap);
  EXPECT_TRUE(levels[2].after_gap);
  EXPECT_NEAR(levels[2].value, 0.03, 1e-5);
}

TEST_P(HistoryStores, SeriesPerMachineAndThreads) {
  History history = open();
  history.add(gate(0, 1, 0));
  Comparison elsewhere = gate(0, 1, 0), threads = gate(0, 1, 0);
  elsewhere.machine = "another machine";
  threads.threads = 2;
  history.add(elsewhere);
  history.add(threads);
  EXPECT_THAT(history.series(), SizeIs(3));
}

TEST_P(HistoryStores, ConcurrentWriters) {
  constexpr int kWriters = 4, kEach = 12;
  std::vector<pid_t> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      for (int i = 0; i < kEach; ++i) open().add(gate(100 * writer + i, 100 * writer + i + 1, 0));
      _exit(0);
    }
    writers.push_back(pid);
  }
  for (const pid_t pid : writers) {
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(open(History::Access::existing).comparisons(), static_cast<std::size_t>(kWriters * kEach));
}

TEST_F(HistoryFile, KilledWriter) {
  History(file_, History::Access::create).add(gate(0, 1, 0));
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    // Killed within a transaction that has written to the file already.
    sqlite3* database = nullptr;
    sqlite3_open(file_.c_str(), &database);
    execute(database, "PRAGMA cache_size = 1");
    execute(database, "PRAGMA cache_spill = 1");
    execute(database, "BEGIN IMMEDIATE");
    for (int i = 0; i < 200; ++i) {
      execute(database, "INSERT INTO acceptance VALUES ('r', '*', '" + std::string(4000, 'x') + "', 'now')");
    }
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  History history(file_, History::Access::create);
  EXPECT_EQ(history.comparisons(), 1U);
  EXPECT_TRUE(history.acceptances().empty());
  EXPECT_TRUE(history.add(gate(1, 2, 0)));
}

TEST_F(HistoryFile, RefusesOtherFiles) {
  EXPECT_THAT(complaint(History::Access::existing), HasSubstr("no such history"));
  std::ofstream(file_) << std::string(5000, 'x');
  EXPECT_THAT(complaint(), HasSubstr("not a history, or damaged"));
  EXPECT_EQ(fs::file_size(file_), 5000U) << "the other file is unchanged";
}

TEST_F(HistoryFile, RefusesOtherSchemas) {
  {
    sqlite3* database = nullptr;
    sqlite3_open(file_.c_str(), &database);
    execute(database, "CREATE TABLE theirs (x)");
    sqlite3_close(database);
  }
  EXPECT_THAT(complaint(), HasSubstr("not a whygpu history"));
  fs::remove(file_);
  History(file_, History::Access::create).add(gate(0, 1, 0));
  {
    sqlite3* database = nullptr;
    sqlite3_open(file_.c_str(), &database);
    execute(database, "PRAGMA user_version = 9");
    sqlite3_close(database);
  }
  EXPECT_THAT(complaint(), HasSubstr("history schema 9 is newer"));
}

TEST_P(HistoryStores, FirstSlowerRevision) {
  History history = open();
  for (int i = 0; i < 40; ++i) history.add(gate(i, i + 1, i == 24 ? 0.08 : i % 2 == 0 ? 0.001 : -0.001));
  const auto all = history.series();
  auto changes = find_changes(all, history.acceptances(), 0.01);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].first_after, revision(25));
  EXPECT_EQ(changes[0].last_before, revision(24));
  EXPECT_NEAR(changes[0].size, 0.08, 0.002);
  EXPECT_THAT(render_history_check(all, changes), HasSubstr("whygpu gate --base r1024 --head r1025"));

  history.accept({revision(25), "gemm*", "needed for correctness", "2026-01-02"});
  changes = find_changes(all, history.acceptances(), 0.01);
  ASSERT_TRUE(changes[0].accepted);
  EXPECT_THAT(render_history_check(all, changes), HasSubstr("1 series, 0 slowdowns to look at"));
  EXPECT_THAT(render_history_log(all, changes, {}), HasSubstr("(accepted: needed for correctness)"));
  EXPECT_THAT(render_history_show(all, "r1025"), HasSubstr("r1024 -> r1025"));
  EXPECT_THAT(render_history_show(all, "nothing"), HasSubstr("no steps of nothing"));
  EXPECT_THAT(render_history_html(all, changes),
              HasSubstr("since r1025, accepted: needed for correctness</title></circle>"));
}

TEST_P(HistoryStores, AcceptKnownRevisions) {
  const auto refused = [&](History& history, const std::string& name) -> std::string {
    try {
      history.accept({name, "*", "why", "now"});
    } catch (const HistoryError& error) {
      return error.what();
    }
    return "no complaint";
  };
  History history = open();
  EXPECT_THAT(refused(history, "r1001"), HasSubstr("no comparisons yet"));
  for (int i = 0; i < 5; ++i) history.add(gate(i, i + 1, 0));
  EXPECT_THAT(refused(history, "r2000"),
              HasSubstr("no \"r2000\" among its 6 revisions; the last are r1003, r1004, r1005"));
  EXPECT_THAT(refused(history, "r100"), HasSubstr("\"r100\" is a prefix of 6 revisions"));
  EXPECT_TRUE(history.acceptances().empty());
  EXPECT_EQ(refused(history, "r1002"), "no complaint");
  EXPECT_EQ(refused(history, "r1002"), "no complaint");
  EXPECT_THAT(history.acceptances(), SizeIs(1));
}

TEST_P(HistoryStores, JsonOutput) {
  History history = open();
  for (int i = 0; i < 40; ++i) history.add(gate(i, i + 1, i == 24 ? 0.08 : i % 2 == 0 ? 0.001 : -0.001));
  const auto all = history.series();
  auto document = history_check_json(all, find_changes(all, {}, 0.01));
  EXPECT_EQ(document.at("schema"), 1);
  EXPECT_EQ(document.at("series_checked"), 1);
  EXPECT_EQ(document.at("slowdowns_to_look_at"), 1);
  ASSERT_EQ(document.at("changes").size(), 1U);
  const auto& change = document.at("changes")[0];
  EXPECT_EQ(change.at("verdict"), "slower");
  EXPECT_EQ(change.at("last_before"), revision(24));
  EXPECT_EQ(change.at("first_after"), revision(25));
  EXPECT_NEAR(change.at("log_ratio").get<double>(), 0.08, 0.002);
  EXPECT_TRUE(change.at("accepted").is_null());

  history.accept({revision(25), "*", "known", "2026-01-02"});
  document = history_log_json(all, find_changes(all, history.acceptances(), 0.01));
  EXPECT_EQ(document.at("slowdowns_to_look_at"), 0);
  EXPECT_EQ(document.at("changes")[0].at("accepted").at("reason"), "known");
  const auto& levels = document.at("series")[0].at("levels");
  ASSERT_EQ(levels.size(), 41U);
  EXPECT_EQ(levels[1].at("base"), revision(0));
  EXPECT_EQ(levels[1].at("pairs"), 6);
}

TEST_P(HistoryStores, SampleRegression) {
  History history = open();
  for (const auto& comparison :
       load_comparisons(fs::path(WHYGPU_SOURCE_DIR) / "reports/regression/samples/simulated_history.jsonl")) {
    history.add(comparison);
  }
  const auto changes = find_changes(history.series(), {}, 0.01);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].first_after, "0000002b");
  EXPECT_NEAR(percent(changes[0].size), 6, 1.5) << "code layout and link errors add to the planted 6%";
  EXPECT_TRUE(changes[0].simulated);
}

TEST_P(HistoryStores, EveryCase) {
  History history = open();
  Comparison first = gate(0, 1, 0.02);
  first.devices = {{"x", "cuda", "A GPU"}};
  first.environment = environment("a host", "a CPU");
  history.add(first);
  Comparison second = gate(1, 2, 0);
  second.cases[0].pairs.clear();
  history.add(second);
  std::vector<std::string> lines;
  export_history(history, "*", [&](const std::string& line) { lines.push_back(line); });
  ASSERT_THAT(lines, SizeIs(7));
  const auto pair = nlohmann::ordered_json::parse(lines[1]), none = nlohmann::ordered_json::parse(lines[6]);
  EXPECT_EQ(pair.at("base"), "r1000");
  EXPECT_EQ(pair.at("host"), "a host");
  EXPECT_EQ(pair.at("devices")[0], "A GPU");
  EXPECT_EQ(pair.at("pair"), 2);
  EXPECT_EQ(pair.at("head_first"), false);
  EXPECT_EQ(pair.at("base_ns"), 1010);
  EXPECT_NEAR(pair.at("log_ratio").get<double>(), 0.02, 1e-5);
  EXPECT_EQ(none.at("head"), "r1002");
  EXPECT_TRUE(none.at("pair").is_null() && none.at("log_ratio").is_null() && none.at("host").is_null());
  std::vector<std::string> keys[2];
  for (const auto& [key, value] : pair.items()) keys[0].push_back(key);
  for (const auto& [key, value] : none.items()) keys[1].push_back(key);
  EXPECT_EQ(keys[0], keys[1]);
  lines.clear();
  export_history(history, "convolution*", [&](const std::string& line) { lines.push_back(line); });
  EXPECT_THAT(lines, SizeIs(0));
}

TEST_P(HistoryStores, JoinsHostsOfAKind) {
  History history = open();
  const auto on = [](Comparison comparison, const std::string& host, const std::string& cpu) {
    comparison.machine = cpu + " " + host;
    comparison.environment = environment(host, cpu);
    return comparison;
  };
  history.add(on(gate(0, 1, 0.02), "one", "a CPU"));
  history.add(on(gate(1, 2, 0.03), "two", "a CPU"));
  history.add(on(gate(1, 2, 0.01), "one", "a CPU"));
  history.add(on(gate(1, 2, 0.5), "three", "another CPU"));
  EXPECT_THAT(history.series(), SizeIs(3));
  const auto all = history.series(Grouping::kind);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].hosts, 2U);
  const auto levels = chain(all[0]);
  ASSERT_THAT(levels, SizeIs(3));
  EXPECT_NEAR(levels[1].value, 0.02, 1e-5);
  EXPECT_NEAR(levels[2].value, 0.04, 1e-4) << "the mean of both hosts";
  EXPECT_EQ(levels[2].pairs, 12U);
  EXPECT_NEAR(levels[2].step_error, 0.01, 1e-3) << "as far as they are apart";
  EXPECT_THAT(render_history_log(all, {}, {}), HasSubstr("2 hosts"));
}

TEST(Sparkline, Utf8AndAscii) {
  EXPECT_EQ(sparkline(std::vector{0.0, 1.0, 7.0}, 80, true), "▁▂█");
  EXPECT_EQ(sparkline(std::vector{0.0, 1.0, 7.0}, 80, false), "_.#");
  EXPECT_EQ(sparkline(std::vector{2.0, 2.0}, 80, false), "__");
  EXPECT_EQ(sparkline(std::vector<double>(100, 1.0), 10, false).size(), 10U);
}

TEST(Matches, Wildcards) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("gemm*naive", "gemm m=1 backend=naive"));
  EXPECT_FALSE(matches("gemm", "gemm m=1"));
  EXPECT_TRUE(matches("*a*b", "abaab"));
  EXPECT_FALSE(matches("*a*b", "abaa"));
  EXPECT_FALSE(matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(300, 'a'))) << "in no exponential time";
}

}  // namespace
}  // namespace whygpu
