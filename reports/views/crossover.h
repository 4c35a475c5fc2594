// The size from which a GPU stays ahead of the best CPU backend, in time, energy and money.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/catalogue/costs.h"
#include "reports/results/measures.h"
#include "reports/results/problems.h"
#include "reports/views/families.h"

namespace whygpu {

// The resource compared. time: operations queued behind each other, replayed as a graph where the device has graphs;
// latency: one operation that the host waits for. money: rent where it is known for both machines, else the price of
// the devices, for the GPU with its host's CPU; includes energy where its price is known and both sides measured it.
enum class Resource : std::uint8_t { time, latency, energy, money };
std::string_view resource_name(Resource resource);

struct Advantage {
  double size = 0;
  std::string problem;
  Estimate factor;       // best CPU cost over candidate cost: above 1 the candidate is ahead
  std::string best_cpu;  // the CPU backend compared with
};

enum class CrossoverKind : std::uint8_t {
  always,     // ahead at every size
  between,    // ahead from `from` on
  never,      // behind at the largest size
  undecided,  // within the spread at the largest size
};

// An isolated win is not a crossover: ahead means that the whole spread is above 1, at this and every larger size.
struct Crossover {
  CrossoverKind kind = CrossoverKind::never;
  std::optional<double> from;         // smallest size from which it stays ahead
  std::optional<double> last_behind;  // largest size whose whole spread is below 1; the crossover lies above it
  std::vector<double> isolated_wins;  // sizes below `from` where it was ahead
  bool has_band = true;               // false when some point has a single round, so noise is unknown
};

// `points` by ascending size, at least one.
Crossover find_crossover(const std::vector<Advantage>& points);

// A candidate on one family.
struct Contest {
  Family family;
  std::string candidate;  // backend, or backend:variant
  std::string device;
  DataPath data_path;
  Resource resource = Resource::time;
  std::vector<Advantage> points;  // by size; at least one
  std::vector<std::string> gaps;  // sizes that could not be compared, and why
  Crossover crossover;
};

// Whether OpenCL on the CPU counts as a candidate, which exercises everything but a GPU.
enum class CpuOpenCl : std::uint8_t { left_out, candidate };

// Every candidate (a backend on an accelerator) on every family, for each resource that was measured. None for an
// imported file.
std::vector<Contest> contests(const ResultFile& file, const PriceList& prices,
                              CpuOpenCl cpu_opencl = CpuOpenCl::left_out);

// "always", "never up to 4096", "between 384 and 512", "at or below 512", "undecided: …".
std::string describe(const Contest& contest);

// Number of uses of uploaded data after which the upload pays off against the best CPU backend.
struct Payback {
  Family family;
  std::string candidate;
  double size = 0;
  std::string problem;
  std::optional<double> reuses;  // at least 1; nullopt when the GPU is not faster even with resident data
};

// For candidates measured both with offload=kernel and with offload=always. None for an imported file.
std::vector<Payback> paybacks(const ResultFile& file, CpuOpenCl cpu_opencl = CpuOpenCl::left_out);

}  // namespace whygpu
