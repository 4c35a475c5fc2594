// The options of `whygpu run`, declared once and passed as one value.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/runner/run_state.h"
#include "reports/results/network_records.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace whygpu {

struct RunOptions {
  RunSettings settings;                 // how to measure; kept in the result file. No budget: the usual for the plan
  double precision = 0;                 // that settles a case, a fraction; 0: what the noise of the machine allows
  std::string title;                    // names the sweep in the result file; empty: the words
  std::vector<NetworkRecord> networks;  // that the cases measure; kept in the result file
  std::vector<std::string> words;       // sweeps by name or file, or cases; empty: the usual one
  std::vector<std::string> models;      // only cases of these networks; empty: all
  std::vector<std::string> backends;    // empty: all that are usable here
  std::string offload, reuse;           // values for every case; empty: as in the case
  std::vector<int> ranks;               // of every case that can have several; empty: as in the case
  bool threads_given = false;           // else ranks share the CPUs
  std::string output;                   // the result file; empty: results/DATE.json
  bool quick = false;                   // an evenly spaced subset of the cases
  bool no_ceilings = false;
  bool dry_run = false;
  bool resume = false;  // resume the interrupted run of `output`
  bool force = false;   // overwrite `output`
};

// Adds the options to a command, sets their defaults for this machine, and draws a random seed.
void add_run_options(CLI::App& command, RunOptions& options);

// Those of them that say how to measure, not what.
void add_measuring_options(CLI::App& command, RunOptions& options);

// Options shared with other commands.
CLI::Option* add_threads_option(CLI::App& command, int& threads, const std::string& help = "CPU threads");
CLI::Option* add_device_option(CLI::App& command, int& device);
CLI::Option* add_sample_seconds_option(CLI::App& command, double& seconds);
CLI::Option* add_list_option(CLI::App& command, const std::string& name, std::vector<std::string>& words,
                             const std::string& help);  // comma-separated
CLI::Option* add_duration_option(CLI::App& command, const std::string& name, double& seconds, const std::string& help);
// A fraction, given as "5%" or "5".
void add_percent_option(CLI::App& command, const std::string& name, double& share, const std::string& help);

// "90", "90s", "10m" or "2h" in seconds. Throws CaseError.
double parse_duration(const std::string& text);

}  // namespace whygpu
