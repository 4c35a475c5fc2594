// Child processes: workers, whose records are read from a pipe while they run, and other programs, run to completion.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace whygpu {

// Environment variables to set in a child; an empty value removes the variable.
using EnvironmentChanges = std::vector<std::pair<std::string, std::string>>;

// An unnamed file that a child writes and its parent reads.
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

// A child in its own process group. The destructor kills it and all its children.
class ChildProcess {
 public:
  // Runs `program` with `arguments` and `--records=N`, the number of a descriptor whose lines next_line() returns.
  // Standard output is discarded; standard error is kept for last_error_line(). With a `launcher`, its words start the
  // program, and the records are the standard output.
  ChildProcess(const std::filesystem::path& program, std::vector<std::string> arguments,
               const EnvironmentChanges& environment = {}, std::vector<std::string> launcher = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  enum class Event { line, end, timeout, interrupted };

  // Waits for a line, the end of the records, the timeout, or a signal to this process.
  Event next_line(std::string& line, std::chrono::duration<double> timeout);

  void kill();              // a launcher is asked first, for it has to end processes that are not its children
  void signal(int number);  // to it and its descendants

  // Waits for the process to end. Returns "" for exit status 0, else e.g. "exit status 3" or "signal 6 (Aborted)".
  std::string wait();

  // The last line of standard error.
  std::string last_error_line() const { return errors_.last_line(); }
  std::string errors() const { return errors_.text(); }  // standard error so far

 private:
  CapturedOutput errors_;
  pid_t pid_ = -1;
  bool launches_ = false;
  int records_ = -1;
  std::string pending_;
  std::optional<std::string> ending_;
};

struct ProgramResult {
  int status = 0;      // exit status; 127: program not found, 128 + signal: ended by that signal
  std::string output;  // standard output
  std::string errors;  // standard error
};

// Runs a program to completion. `words` are the program, found on the PATH, and its arguments; no shell is involved.
// Standard input is empty. `watch`, if given, is called every second while it runs, with the last line of its output.
ProgramResult run_program(const std::vector<std::string>& words, const std::filesystem::path& folder = ".",
                          const std::function<void(const std::string& last_line)>& watch = {});

}  // namespace whygpu
