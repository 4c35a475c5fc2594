#include "benchmarks/runner/child_process.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace whygpu {
namespace {

using Event = ChildProcess::Event;
constexpr std::chrono::seconds kLong{30};

// A shell whose last argument is --records=N.
ChildProcess shell(const std::string& script, const EnvironmentChanges& environment = {}) {
  return {"/bin/sh", {"-c", "fd=${0#--records=}; " + script}, environment};
}

TEST(ChildProcess, SendsLines) {
  auto child = shell("eval \"echo one >&$fd; echo two >&$fd\"");
  std::string line;
  ASSERT_EQ(child.next_line(line, kLong), Event::line);
  EXPECT_EQ(line, "one");
  ASSERT_EQ(child.next_line(line, kLong), Event::line);
  EXPECT_EQ(line, "two");
  EXPECT_EQ(child.next_line(line, kLong), Event::end);
  EXPECT_EQ(child.wait(), "");
}

TEST(ChildProcess, ReportsHowItEnded) {
  auto failing = shell("echo first >&2; echo last >&2; exit 3");
  EXPECT_EQ(failing.wait(), "exit status 3");
  EXPECT_EQ(failing.last_error_line(), "last");
  EXPECT_EQ(shell("kill -9 $$").wait(), "signal 9 (Killed)");
}

TEST(ChildProcess, TimesOut) {
  auto child = shell("sleep 30");
  std::string line;
  EXPECT_EQ(child.next_line(line, std::chrono::milliseconds(10)), Event::timeout);
}

TEST(ChildProcess, ChangesItsEnvironment) {
  setenv("WHYGPU_TEST_OLD", "1", 1);
  auto child = shell("eval \"echo [$WHYGPU_TEST_OLD][$WHYGPU_TEST_NEW] >&$fd\"",
                     {{"WHYGPU_TEST_OLD", ""}, {"WHYGPU_TEST_NEW", "2"}});
  unsetenv("WHYGPU_TEST_OLD");
  std::string line;
  ASSERT_EQ(child.next_line(line, kLong), Event::line);
  EXPECT_EQ(line, "[][2]");
}

TEST(RunProgram, KeepsOutputs) {
  const auto result = run_program({"sh", "-c", "pwd; echo wrong >&2; exit 4"}, "/");
  EXPECT_EQ(result.status, 4);
  EXPECT_EQ(result.output, "/\n");
  EXPECT_EQ(result.errors, "wrong\n");
}

TEST(RunProgram, WatchSeesTheLastLine) {
  std::string seen;
  run_program({"sh", "-c", "echo first; echo second; sleep 1.5"}, ".", [&](const std::string& line) { seen = line; });
  EXPECT_EQ(seen, "second");
}

TEST(RunProgram, MissingProgram) {
  EXPECT_EQ(run_program({"no-such-program"}).status, 127);
  EXPECT_EQ(run_program({"sh", "-c", "kill -9 $$"}).status, 128 + 9);
}

}  // namespace
}  // namespace whygpu
