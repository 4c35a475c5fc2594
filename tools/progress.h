// Progress of a run: an updating line on a terminal, occasional plain lines in a log.
#pragma once

#include <string>

#include "benchmarks/runner/rounds.h"

namespace whygpu {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  void show(const Progress& progress);

  // Prints a separate line instead.
  void say(const std::string& line);

  void clear();

 private:
  bool terminal_;
  double next_line_seconds_ = 0;
  bool dirty_ = false;
};

}  // namespace whygpu
