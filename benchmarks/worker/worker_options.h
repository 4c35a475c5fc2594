// What a worker process is told. Declared once for both sides: the runner writes these words, the worker reads them.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/machine/environment.h"

namespace CLI {
class App;
}

namespace whygpu {

struct WorkerOptions {
  std::string backend;             // the one to load; empty: the cases', else the build's default
  std::vector<std::string> cases;  // lines of cases; empty: those of the sweep
  std::string sweep;               // its name or file; empty: quick
  int threads = usable_cpus();
  int device = 0;
  double sample_seconds = 0;  // time that a case's samples take; 0: Google Benchmark decides
  bool energy = false;        // read the energy meters after each case
  bool describe = false;      // say what the backend is and supports, and measure nothing
  std::string records;        // file or descriptor for JSON lines with every sample
};

void add_worker_options(CLI::App& app, WorkerOptions& options);

// The words that a worker reads as these options; `records` is up to whoever makes the pipe.
std::vector<std::string> worker_arguments(const WorkerOptions& options);

}  // namespace whygpu
