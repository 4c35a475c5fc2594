#include "benchmarks/runner/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

fs::path fresh(const std::string& name) {
  const fs::path file = fs::path(testing::TempDir()) / name;
  fs::remove(Journal::path_for(file));
  return file;
}

TEST(Journal, ReplaysRecords) {
  const auto file = fresh("replay.json");
  Journal(file).append({{"event", "run"}});
  Journal again(file);
  again.append({{"event", "end"}});
  const auto records = again.replay();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].at("event"), "end");
}

// A process killed during a write leaves half a line; the next append must not be joined to it.
TEST(Journal, DropsTruncatedLine) {
  const auto file = fresh("cut.json");
  Journal(file).append({{"event", "run"}});
  std::ofstream(Journal::path_for(file), std::ios::app) << R"({"event": "en)";
  Journal journal(file);
  EXPECT_EQ(journal.replay().size(), 1U);
  journal.append({{"event", "end"}});
  EXPECT_EQ(journal.replay().size(), 2U);
}

TEST(Journal, DamageOrSecondWriter) {
  const auto file = fresh("damaged.json");
  std::ofstream(Journal::path_for(file)) << "not json\n";
  Journal journal(file);
  EXPECT_THROW(journal.replay(), std::runtime_error);
  try {
    Journal second(file);
    FAIL() << "two writers";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("another run is writing it"));
  }
}

TEST(Journal, DiskFull) {
  const fs::path link = fresh("full.json");
  fs::create_symlink("/dev/full", Journal::path_for(link));
  Journal journal(link);
  try {
    journal.append({{"event", "run"}});
    FAIL() << "written to a full disk";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("No space left on device"));
  }
  fs::remove(Journal::path_for(link));
}

}  // namespace
}  // namespace whygpu
