// The command line of a worker, declared once for both sides: the runner writes it, the worker parses it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/machine/environment.h"

namespace CLI {
class App;
}

namespace whygpu {

struct WorkerOptions {
  std::string backend;             // the backend to load; empty: that of the cases, else the build's default
  std::vector<std::string> cases;  // lines of cases; empty: those of the sweep
  std::map<std::string, std::map<std::string, double>> verified;  // by case text: see Trial::verify_again()
  std::string sweep;                                              // name or file; empty: quick
  int ranks = 1;  // processes that a launcher starts with this command line
  int threads = usable_cpus();
  int device = 0;
  double sample_seconds = 0;  // sampling time per case; 0: Google Benchmark decides
  bool energy = false;        // measure energy after each case
  bool audit = false;         // check the result of every sample; always for backends from WHYGPU_BACKEND_PATH
  std::uint64_t seed = 1;     // of the inputs
  bool describe = false;      // report what the backend is and supports, and measure nothing
  std::string records;        // file, descriptor or kRecordsToOutput for JSON lines with all samples
};

void add_worker_options(CLI::App& app, WorkerOptions& options);

// The command-line arguments for these options; the caller adds `records`, since it creates the pipe.
std::vector<std::string> worker_arguments(const WorkerOptions& options);

// A launcher forwards the standard output of the rank that writes the records, and no other descriptor.
inline constexpr const char* kRecordsToOutput = "stdout";

// Sets the options, and `rest` to the program's name and the arguments that are left to Google Benchmark. An exit
// status: nothing is left to do, the help or an error has been printed. Throws CaseError on a bad --verified.
std::optional<int> parse_worker_options(std::string_view workload, int argc, char** argv, WorkerOptions& options,
                                        std::vector<std::string>& rest);

}  // namespace whygpu
