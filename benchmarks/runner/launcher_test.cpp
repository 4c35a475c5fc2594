#include "benchmarks/runner/launcher.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "benchmarks/cases/case.h"

namespace whygpu {
namespace {

TEST(LauncherWords, SrunGetsRanksAndThreads) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "launcher_words";
  std::filesystem::create_directories(folder);
  const std::string srun = folder / "srun";
  std::ofstream(srun) << "#!/bin/sh\n";
  std::filesystem::permissions(srun, std::filesystem::perms::owner_all);
  const std::vector<std::string> expected = {srun, "--kill-on-bad-exit=1", "--mpi=pmix", "-n", "4", "-c", "2"};
  EXPECT_EQ(launcher_words(srun + " --mpi=pmix", 4, 2), expected);
  std::filesystem::remove_all(folder);
}

TEST(LauncherWords, OtherProgramsAreRefused) {
  for (const char* launcher : {"", "ssh host", "./run"}) EXPECT_THROW(launcher_words(launcher, 2, 1), CaseError);
}

TEST(LauncherWords, MissingLauncherIsRefused) {
  for (const auto& [launcher, package] :
       {std::pair{"/nowhere/mpirun", "openmpi-bin"}, {"/nowhere/srun", "slurm-client"}}) {
    try {
      launcher_words(launcher, 2, 1);
      FAIL() << launcher;
    } catch (const CaseError& error) {
      EXPECT_EQ(error.what(), std::string("--launcher ") + launcher +
                                  ": it does not start here (Debian: apt-get install " + package + ")");
    }
  }
}

// As Open MPI 4.1 and Slurm 22.05 print them.
TEST(CauseOfEnd, RankThatSaysWhyIsQuoted) {
  EXPECT_EQ(cause_of_end("warning\nrank 1 on node7: out of memory\n"
                         "-----\nMPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD\n"),
            "rank 1 on node7: out of memory");
}

TEST(CauseOfEnd, LauncherNamesKilledRank) {
  EXPECT_EQ(
      cause_of_end("-----\nmpirun noticed that process rank 1 with PID 0 on node host exited on signal 9 (Killed).\n"
                   "-----\n"),
      "mpirun noticed that process rank 1 with PID 0 on node host exited on signal 9 (Killed).");
  EXPECT_EQ(cause_of_end("srun: error: node7: task 1: Killed\nsrun: launch/slurm: _step_signal\n"),
            "srun: error: node7: task 1: Killed");
}

TEST(CauseOfEnd, MissingPmiIsExplained) {
  EXPECT_EQ(cause_of_end("The application appears to have been direct launched using \"srun\",\n"
                         "but OMPI was not built with SLURM's PMI support and therefore cannot\n"
                         "execute.\nsrun: error: node: tasks 0-1: Exited with exit code 1\n"),
            "MPI does not find the other ranks: try --launcher \"srun --mpi=pmix\" (srun --mpi=list), or mpirun");
}

TEST(CauseOfEnd, OtherwiseLastLine) {
  EXPECT_EQ(cause_of_end(""), "");
  EXPECT_EQ(cause_of_end("a\nb\n\n"), "b");
}

TEST(SilentRanks, ThoseThatDoNotWaitAreNamed) {
  EXPECT_EQ(silent_ranks("rank 0 waits for others\nrank 2 waits for others\n", 3), "rank 1 does not answer");
  EXPECT_EQ(silent_ranks("rank 1 waits for others\n", 3), "ranks 0, 2 do not answer");
}

TEST(SilentRanks, NobodyIsBlamedIfAllOrNoneWait) {
  EXPECT_EQ(silent_ranks("", 2), "");
  EXPECT_EQ(silent_ranks("rank 0 waits for others\nrank 1 waits for others\n", 2), "");
}

}  // namespace
}  // namespace whygpu
