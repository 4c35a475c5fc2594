// Progress of a run: an updating line on a terminal, occasional plain lines in a log.
#pragma once

#include <chrono>
#include <string>

#include "benchmarks/runner/rounds.h"

namespace whygpu {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  void show(const Progress& progress);

  // Shows this line: on a terminal in place of the one before, in a log at most every five seconds.
  void update(const std::string& line);

  // Prints a separate line instead.
  void say(const std::string& line);

  void clear();

 private:
  bool terminal_;
  std::chrono::steady_clock::time_point next_line_;
  bool dirty_ = false;
};

}  // namespace whygpu
