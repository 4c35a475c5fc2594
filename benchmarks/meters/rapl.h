// RAPL, the energy counters of Intel and AMD processors, read through the kernel's powercap files or perf.
#pragma once

#include <vector>

#include "benchmarks/meters/meter.h"

namespace whygpu {

// /sys/class/powercap/intel-rapl:*: one meter per package and per memory controller (dram), which packages do not
// include.
std::vector<MeterOffer> find_powercap_meters(const FileTree& files);

// The perf events energy-pkg and energy-ram of /sys/bus/event_source/devices/power, one meter each for all packages
// together.
std::vector<MeterOffer> find_perf_meters(const FileTree& files);

}  // namespace whygpu
