// MPI's and Slurm's own launchers start the ranks of a case.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace whygpu {

inline constexpr const char* kDefaultLauncher = "mpirun";

// The launcher's program and arguments, before the program that `ranks` processes run with `threads` CPU threads each.
// `launcher`: mpirun or srun, found on the PATH, and options of the user's. Throws CaseError if it is neither or not
// there.
std::vector<std::string> launcher_words(const std::string& launcher, int ranks, int threads);

// What ended the ranks, from the standard error of all of them and the launcher; "" if it is empty.
std::string cause_of_end(std::string_view errors);

// The ranks that are not in a call of MPI, from what `ranks` ranks print when they get SIGUSR1: "rank 1 does not
// answer".
std::string silent_ranks(std::string_view errors, int ranks);

}  // namespace whygpu
