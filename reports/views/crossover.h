// From which size on a GPU stays ahead of the best CPU backend: in time, energy and money.
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

// What is saved or spent. money charges time with rent where it is known for both machines, else with the price of the
// devices, the GPU's with its host's CPU; the energy is in it where its price is known and both sides measured it.
enum class Resource : std::uint8_t { time, energy, money };
std::string_view resource_name(Resource resource);

struct Advantage {
  double size = 0;
  std::string problem;
  Estimate factor;       // best CPU cost over candidate cost: above 1 the candidate is ahead
  std::string best_cpu;  // the CPU backend that it was compared with
};

enum class CrossoverKind : std::uint8_t {
  always,     // ahead at every size
  between,    // ahead from `from` on
  never,      // behind at the largest size
  undecided,  // within the spread at the largest size
};

// One lucky size is no crossover: ahead means that the whole spread is above 1, here and at every larger size.
struct Crossover {
  CrossoverKind kind = CrossoverKind::never;
  std::optional<double> from;         // smallest size from which it stays ahead
  std::optional<double> last_behind;  // largest size whose whole spread is below 1; the crossover lies above it
  std::vector<double> lucky;          // sizes below `from` where it was ahead, but did not stay so
  bool has_band = true;               // false when some point has a single round, so that noise cannot be told
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

// Every candidate (a backend on a device that is no CPU) on every family, for each resource that was measured.
std::vector<Contest> contests(const ResultFile& file, const PriceList& prices);

// "always", "never up to 4096", "between 384 and 512", "from 256 or below up to 512", "undecided: …".
std::string describe(const Contest& contest);

// After how many uses of uploaded data the upload has paid against the best CPU backend.
struct Payback {
  Family family;
  std::string candidate;
  double size = 0;
  std::string problem;
  std::optional<double> reuses;  // at least 1; nothing when the GPU is not faster even on data that is already there
};

// Where a candidate was measured both with offload=kernel and with offload=always.
std::vector<Payback> paybacks(const ResultFile& file);

}  // namespace whygpu
