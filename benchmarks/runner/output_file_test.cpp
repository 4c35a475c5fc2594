#include "benchmarks/runner/output_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "benchmarks/cases/case.h"
#include "benchmarks/machine/temporary_folder.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class OutputFile : public testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path file_ = folder_.path() / "run.json";
};

TEST_F(OutputFile, LeavesNeighboursAlone) {
  for (const char* suffix : {".trial", ".part"}) std::ofstream(file_.string() + suffix) << "mine";
  refuse_unwritable("-o", file_);
  write_atomically(file_, "new");
  EXPECT_EQ(contents(file_), "new");
  for (const char* suffix : {".trial", ".part"}) EXPECT_EQ(contents(file_.string() + suffix), "mine");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 3);
}

// In the folder that stands for the current one.
class LatestLink : public OutputFile {
 protected:
  void SetUp() override {
    fs::current_path(folder_.path());
    fs::create_directory(kResultFolder);
  }
  void TearDown() override { fs::current_path(before_); }

  fs::path before_ = fs::current_path();
  fs::path link_ = fs::path(kResultFolder) / kLatestLink;
};

TEST_F(LatestLink, NamesTheNewest) {
  for (const char* name : {"a.json", "b.json"}) {
    write_atomically(fs::path(kResultFolder) / name, name);
    link_latest(fs::path(kResultFolder) / name);
    EXPECT_EQ(fs::read_symlink(link_), name);
  }
  EXPECT_EQ(contents(link_), "b.json");
  EXPECT_EQ(std::distance(fs::directory_iterator(kResultFolder), fs::directory_iterator()), 3);
}

TEST_F(LatestLink, LeavesFilesElsewhereAndOfTheUserAlone) {
  write_atomically("run.json", "elsewhere");
  link_latest("run.json");
  EXPECT_FALSE(fs::exists(link_));
  std::ofstream(link_) << "mine";
  write_atomically(fs::path(kResultFolder) / "a.json", "a");
  link_latest(fs::path(kResultFolder) / "a.json");
  EXPECT_EQ(contents(link_), "mine");
}

TEST_F(OutputFile, ReplacesExistingFile) {
  write_atomically(file_, "old");
  write_atomically(file_, "new");
  EXPECT_EQ(contents(file_), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(OutputFile, KilledWriterLeavesNothing) {
  write_atomically(file_, "old");
  const pid_t pid = fork();
  if (pid == 0) {
    const rlimit limit{10, 10};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_DFL);  // killed by it
    write_atomically(file_, std::string(100'000, 'x'));
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(contents(file_), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(OutputFile, DoesNotFollowLinks) {
  const fs::path target = folder_.path() / "target";
  for (const char* suffix : {".trial", ".part"}) fs::create_symlink(target, file_.string() + suffix);
  refuse_unwritable("-o", file_);
  write_atomically(file_, "new");
  EXPECT_FALSE(fs::exists(target));
}

TEST_F(OutputFile, FolderIsRefused) { EXPECT_THROW(refuse_unwritable("-o", folder_.path()), CaseError); }

}  // namespace
}  // namespace whygpu
