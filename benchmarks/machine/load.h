// The load that other programs put on this machine, and how steady the machine is.
#pragma once

#include "benchmarks/machine/environment.h"

namespace whygpu {

// Load of the machine over an interval, as fractions of all CPU time.
struct CpuLoad {
  double busy = 0, steal = 0;
};
CpuLoad cpu_load(const CpuTicks& before, const CpuTicks& after);
// Load of other programs over the next `seconds`, during which this program must be idle.
CpuLoad observe_load(double seconds = 0.5);

// Spread of a fixed amount of arithmetic, repeated for `seconds` on one thread: (95th percentile / fastest) - 1.
double noise_floor(double seconds);

// The precision that a median over rounds reaches within minutes at this noise floor: 1%, 3% or 10%.
double reachable_precision(double noise);

}  // namespace whygpu
