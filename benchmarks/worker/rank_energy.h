// The energy of a case that several ranks measure together: every meter is read by one rank, and their sum is one
// operation of all of them. Where this process measures alone, nothing changes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "benchmarks/worker/energy.h"

namespace whygpu {

// What a rank could measure.
struct RankMeters {
  std::string host;
  std::string pci_bus_id;  // of its accelerator; empty where it has none, or its driver does not tell
  std::string missing;     // RunMeters::missing
  std::vector<MeterScope> scopes;
};

// Leaves to `rank` what no earlier rank reads: the meters of a host are those of its first rank, and so are a device's.
// Without meters where some hosts or ranks have them and others not: their sum would pass for the energy of the run.
RunMeters own_meters(RunMeters run, std::size_t rank, const std::vector<RankMeters>& ranks);

// The same between the ranks of this run. Called by all of them, as are the others below.
RunMeters share_meters(RunMeters run, const Device& device);

// All ranks' readings, with their ranks in the names.
EnergyResult of_all_ranks(EnergyResult own);

// The same time on all ranks, so that they run equally many operations.
EnergyClock common_clock();

}  // namespace whygpu
