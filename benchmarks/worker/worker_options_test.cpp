#include "benchmarks/worker/worker_options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "benchmarks/worker/records.h"

namespace whygpu {
namespace {

WorkerOptions parsed(const std::vector<std::string>& words) {
  CLI::App app;
  WorkerOptions options;
  add_worker_options(app, options);
  app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  return options;
}

TEST(WorkerArguments, AreReadAsWritten) {
  WorkerOptions options;
  options.backend = "naive";
  options.cases = {"gemm m=1 n=2 k=3", "gemm m=4 n=5 k=6 dtype=f64"};
  options.threads = 3;
  options.device = 1;
  options.sample_seconds = 0.1;
  options.energy = true;
  options.audit = true;
  options.seed = 7;
  const auto read = parsed(worker_arguments(options));
  EXPECT_EQ(read.backend, options.backend);
  EXPECT_EQ(read.cases, options.cases);
  EXPECT_EQ(read.threads, options.threads);
  EXPECT_EQ(read.device, options.device);
  EXPECT_TRUE(read.audit);
  EXPECT_EQ(read.seed, options.seed);
  EXPECT_EQ(read.sample_seconds, options.sample_seconds);
  EXPECT_TRUE(read.energy);
  EXPECT_FALSE(read.describe);
}

TEST(WorkerArguments, Describe) {
  WorkerOptions options;
  options.describe = true;
  EXPECT_TRUE(parsed(worker_arguments(options)).describe);
  EXPECT_EQ(parsed(worker_arguments(options)).sample_seconds, 0);
}

// A module may write to any descriptor: what is no record must not stop the reader.
TEST(WorkerRecords, ForeignLinesAreIgnored) {
  for (const char* line : {"", "hello", "5", "[]", "{}", R"({"event": 5})", R"({"event": "other"})"}) {
    EXPECT_FALSE(parse_worker_record(line)) << line;
  }
}

}  // namespace
}  // namespace whygpu
