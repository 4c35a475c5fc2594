// The options of `whygpu run`: declared once, and handed on as one value.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/runner/run_state.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace whygpu {

struct RunOptions {
  RunSettings settings;               // how to measure; kept in the result file. No budget: the usual for the plan
  std::vector<std::string> words;     // sweeps by name or file, or cases; empty: the usual one
  std::vector<std::string> models;    // only cases of these networks; empty: all
  std::vector<std::string> backends;  // empty: all that can run here
  std::string offload, reuse;         // values for every case; empty: as the case says
  std::string output;                 // the result file; empty: results/DATE.json
  bool quick = false;                 // a spread-out subset of the cases
  bool no_ceilings = false;
  bool dry_run = false;
  bool resume = false;  // go on with the interrupted run of `output`
  bool force = false;   // overwrite `output`
};

// Adds the options to a command, sets their defaults for this machine, and draws a seed.
void add_run_options(CLI::App& command, RunOptions& options);

// Options that other commands have too.
CLI::Option* add_threads_option(CLI::App& command, int& threads, const std::string& help = "CPU threads");
CLI::Option* add_device_option(CLI::App& command, int& device);
CLI::Option* add_sample_seconds_option(CLI::App& command, double& seconds);
CLI::Option* add_list_option(CLI::App& command, const std::string& name, std::vector<std::string>& words,
                             const std::string& help);  // separated by commas
CLI::Option* add_duration_option(CLI::App& command, const std::string& name, double& seconds, const std::string& help);

// "90", "90s", "10m" or "2h" in seconds. Throws CaseError.
double parse_duration(const std::string& text);

}  // namespace whygpu
