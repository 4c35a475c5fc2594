#include "benchmarks/machine/temporary_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <fstream>

namespace whygpu {
namespace {

namespace fs = std::filesystem;

// Each test has a folder for temporary files of its own.
class TemporaryFolderTest : public testing::Test {
 protected:
  TemporaryFolderTest() { setenv("TMPDIR", own_.path().c_str(), 1); }
  ~TemporaryFolderTest() override { unsetenv("TMPDIR"); }

  // The folder of a process that was killed.
  fs::path abandoned() const {
    if (const pid_t pid = fork(); pid == 0) {
      const TemporaryFolder folder;
      std::ofstream(folder.path() / "file") << "contents";
      kill(getpid(), SIGKILL);
    } else {
      waitpid(pid, nullptr, 0);
    }
    return *fs::directory_iterator(own_.path());
  }

  TemporaryFolder own_;
};

TEST_F(TemporaryFolderTest, IsRemoved) {
  fs::path path;
  {
    const TemporaryFolder folder;
    path = folder.path();
    std::ofstream(path / "file") << "contents";
    EXPECT_EQ(path.parent_path(), own_.path());
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(TemporaryFolderTest, AbandonedByKilledProcess) {
  const fs::path path = abandoned();
  ASSERT_TRUE(fs::exists(path / "file"));
  const TemporaryFolder folder;
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(TemporaryFolderTest, LeavesOthersAlone) {
  const TemporaryFolder in_use;
  const fs::path foreign = own_.path() / "whygpu-mine", file = own_.path() / "whygpu-work-abcdef";
  fs::create_directory(foreign);
  std::ofstream(file.string()) << "a file of that name";
  const TemporaryFolder folder;
  EXPECT_TRUE(fs::exists(in_use.path()));
  EXPECT_TRUE(fs::exists(foreign));
  EXPECT_TRUE(fs::exists(file));
}

}  // namespace
}  // namespace whygpu
