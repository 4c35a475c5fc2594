// Progress of a run: a line that rewrites itself on a terminal, a plain line now and then in a log.
#pragma once

#include <string>

#include "benchmarks/runner/rounds.h"

namespace whygpu {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  void show(const Progress& progress);

  // A line of its own in its place.
  void say(const std::string& line);

  void clear();

 private:
  bool terminal_;
  double next_line_seconds_ = 0;
  bool dirty_ = false;
};

}  // namespace whygpu
