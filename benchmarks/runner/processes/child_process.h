// A child process whose records arrive over a pipe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace whygpu {

// Started in a process group of its own; killed, with all its children, when this object goes.
class ChildProcess {
 public:
  // Runs `program` with `arguments`, plus `records_flag` and the number of a descriptor whose lines next_line() returns
  // (nothing is added when the flag is empty). Standard output is discarded; standard error is kept for last_words().
  // `environment` sets variables, or removes those with an empty value.
  ChildProcess(const std::filesystem::path& program, std::vector<std::string> arguments,
               const std::string& records_flag,
               const std::vector<std::pair<std::string, std::string>>& environment = {});
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
  std::string last_words() const;

 private:
  pid_t pid_ = -1;
  int records_ = -1, errors_ = -1;
  std::string pending_;
  std::optional<std::string> ending_;
};

}  // namespace whygpu
