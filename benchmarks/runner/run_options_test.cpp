#include "benchmarks/runner/run_options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "benchmarks/cases/case.h"

namespace whygpu {
namespace {

RunOptions parsed(const std::vector<std::string>& words) {
  CLI::App app;
  RunOptions options;
  add_run_options(app, options);
  app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  return options;
}

TEST(RunOptions, Settings) {
  const auto options = parsed({"quick", "--threads", "3", "--device", "1", "--sample-seconds", "0.01", "--budget", "2m",
                               "--rounds", "4", "--timeout", "1h", "--seed", "7", "--energy"});
  EXPECT_EQ(options.words, std::vector<std::string>{"quick"});
  EXPECT_EQ(options.settings.threads, 3);
  EXPECT_EQ(options.settings.device, 1);
  EXPECT_EQ(options.settings.sample_seconds, 0.01);
  EXPECT_EQ(options.settings.budget_seconds, 120);
  EXPECT_EQ(options.settings.rounds, 4);
  EXPECT_EQ(options.settings.timeout_seconds, 3600);
  EXPECT_EQ(options.settings.seed, 7U);
  EXPECT_TRUE(options.settings.energy);
}

TEST(RunOptions, Defaults) {
  const auto options = parsed({});
  EXPECT_EQ(options.settings.budget_seconds, 0) << "the plan decides";
  EXPECT_EQ(options.settings.timeout_seconds, 60);
  EXPECT_FALSE(options.settings.rounds);
  EXPECT_TRUE(options.backends.empty());
}

TEST(RunOptions, Lists) {
  EXPECT_EQ(parsed({"--backend", "naive,openblas"}).backends, (std::vector<std::string>{"naive", "openblas"}));
  EXPECT_EQ(parsed({"--backend", "naive", "quick"}).words, std::vector<std::string>{"quick"});
}

TEST(RunOptions, RefusesBadValues) {
  EXPECT_THROW(parsed({"--rounds", "0"}), CaseError);
  EXPECT_THROW(parsed({"--rounds", "3x"}), CaseError);
  EXPECT_THROW(parsed({"--budget", "-1s"}), CaseError);
  EXPECT_THROW(parsed({"--sample-seconds", "nan"}), CLI::ParseError);
  EXPECT_THROW(parsed({"--threads", "0"}), CLI::ParseError);
}

TEST(ParseDuration, Units) {
  EXPECT_EQ(parse_duration("90"), 90);
  EXPECT_EQ(parse_duration("1.5m"), 90);
  EXPECT_EQ(parse_duration("2h"), 7200);
  for (const char* text : {"", "soon", "5d", "0", "-1", "nan"}) EXPECT_THROW(parse_duration(text), CaseError) << text;
}

}  // namespace
}  // namespace whygpu
