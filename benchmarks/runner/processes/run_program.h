// Runs another program to its end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace whygpu {

struct CommandResult {
  int status = 0;      // exit status; 127 when the program is not there, 128 + signal when one ended it
  std::string output;  // what it wrote to standard output
  std::string errors;  // and to standard error
};

// `words` are the program, found on the PATH, and its arguments; no shell looks at them. Standard input is empty.
CommandResult run_command(const std::vector<std::string>& words, const std::filesystem::path& folder = ".");

}  // namespace whygpu
