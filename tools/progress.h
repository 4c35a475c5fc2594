// Progress of a run: a line that rewrites itself on a terminal, a plain line now and then in a log.
#pragma once

#include "benchmarks/runner/rounds.h"

namespace whygpu {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  void show(const Progress& progress);

 private:
  bool terminal_;
  double next_line_seconds_ = 0;
  bool dirty_ = false;
};

}  // namespace whygpu
