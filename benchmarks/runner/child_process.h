// Child processes: workers, whose records arrive over a pipe while they run, and other programs, run to their end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace whygpu {

// Variables to set in a child's environment, or to remove where the value is empty.
using EnvironmentChanges = std::vector<std::pair<std::string, std::string>>;

// A file without a name that a child writes and its parent reads.
class CapturedOutput {
 public:
  CapturedOutput();
  ~CapturedOutput();
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;

  int fd() const { return fd_; }
  std::string text() const;
  std::string last_line() const;

 private:
  std::string text_from(off_t offset) const;

  int fd_;
};

// Started in a process group of its own; killed, with all its children, when this object goes.
class ChildProcess {
 public:
  // Runs `program` with `arguments` and `--records=N`, the number of a descriptor whose lines next_line() returns.
  // Standard output is discarded; standard error is kept for last_words().
  ChildProcess(const std::filesystem::path& program, std::vector<std::string> arguments,
               const EnvironmentChanges& environment = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  enum class Event { line, end, timeout, interrupted };

  // Waits for a line, the end of the records, the time-out, or a signal to this process.
  Event next_line(std::string& line, std::chrono::duration<double> timeout);

  void kill();

  // Waits for the end. How it ended, in words: "" for exit 0, "exit status 3", "signal 6 (Aborted)".
  std::string wait();

  // The last line that it wrote to standard error.
  std::string last_words() const { return errors_.last_line(); }

 private:
  CapturedOutput errors_;
  pid_t pid_ = -1;
  int records_ = -1;
  std::string pending_;
  std::optional<std::string> ending_;
};

struct ProgramResult {
  int status = 0;      // exit status; 127 when the program is not there, 128 + signal when one ended it
  std::string output;  // what it wrote to standard output
  std::string errors;  // and to standard error
};

// Runs a program to its end. `words` are the program, found on the PATH, and its arguments; no shell looks at them.
// Standard input is empty.
ProgramResult run_program(const std::vector<std::string>& words, const std::filesystem::path& folder = ".");

}  // namespace whygpu
