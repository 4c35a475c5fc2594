#include "tools/usage_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/commands.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// The error message of a command line.
std::string error_of(const std::vector<std::string>& words) {
  CLI::App app("", "whygpu");
  app.require_subcommand(1);
  int exit_code = 0;
  add_run_command(app, exit_code);
  add_table_command(app, exit_code);
  add_history_command(app, exit_code);
  add_import_command(app, exit_code);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error);
  }
  return "nothing";
}

TEST(UsageError, NearestOption) {
  EXPECT_THAT(error_of({"run", "quick", "--bakend", "naive"}),
              AllOf(StartsWith("whygpu run: no option \"--bakend\"; did you mean \"--backend\"? accepted: "),
                    Not(HasSubstr("\n"))));
  EXPECT_THAT(error_of({"run", "--thread=4"}), HasSubstr("did you mean \"--threads\"?"));
  EXPECT_THAT(error_of({"history", "check", "--fil", "x"}), HasSubstr("did you mean \"--file\"?"));
}

TEST(UsageError, NearestCommand) {
  EXPECT_THAT(error_of({"tabel"}), StartsWith("whygpu: no command \"tabel\"; did you mean \"table\"? accepted: run, "));
  EXPECT_THAT(error_of({}), StartsWith("whygpu: no command given; accepted: run, "));
  EXPECT_THAT(error_of({"history", "chekc"}),
              StartsWith("whygpu history: no command \"chekc\"; did you mean \"check\"?"));
}

TEST(UsageError, Import) {
  const std::vector<std::string> start = {"import", "a.csv", "--date", "2020-01-01"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), start.begin(), start.end());
    return error_of(more);
  };
  EXPECT_THAT(with({}), AllOf(StartsWith("whygpu import: "), HasSubstr("--source")));
  EXPECT_THAT(with({"--source", "x", "--format", "deepbank"}), AllOf(HasSubstr("--format"), HasSubstr("deepbench")));
  EXPECT_THAT(with({"--source", "x", "--kind", "gpu"}), AllOf(HasSubstr("--kind"), HasSubstr("cuda")));
  EXPECT_THAT(with({"--source", "x", "--match", "y"}), AllOf(HasSubstr("--match"), HasSubstr("--case")));
}

TEST(UsageError, AcceptedValues) {
  EXPECT_THAT(error_of({"run", "--threads", "0"}),
              AllOf(StartsWith("whygpu run: --threads"), ContainsRegex("1 (to|-) 4096")));
  EXPECT_THAT(error_of({"run", "--seed", "x"}),
              AllOf(StartsWith("whygpu run: "), HasSubstr("accepted: a whole number")));
  EXPECT_THAT(error_of({"run", "--offload", "never"}), HasSubstr("kernel"));
  EXPECT_THAT(error_of({"history", "accept", "r1"}),
              AllOf(StartsWith("whygpu history accept: "), HasSubstr("--reason")));
}

}  // namespace
}  // namespace whygpu
