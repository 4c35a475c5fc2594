// How much of this machine the work of others takes, and how steady it is.
#pragma once

#include "benchmarks/machine/environment.h"

namespace whygpu {

// How busy the machine was over an interval, as fractions of all CPU time.
struct Busyness {
  double busy = 0, steal = 0;
};
Busyness busyness(const CpuTicks& before, const CpuTicks& after);
// Over the next `seconds`, during which nothing of ours may run: the work of others.
Busyness listen_to_others(double seconds = 0.5);

// Spread of a fixed piece of arithmetic, run for `seconds` on one thread: (95th percentile / fastest) - 1.
double noise_floor(double seconds);

}  // namespace whygpu
