// Sensors of the kernel's hwmon subsystem with a known scope.
#pragma once

#include <vector>

#include "benchmarks/meters/meter.h"

namespace whygpu {

// /sys/class/hwmon/*: energy counters of AMD processors (amd_energy, sockets only), socket power (amd_hsmp), the power
// supply's meter (power_meter), Radeon cards (amdgpu).
std::vector<MeterOffer> find_hwmon_meters(const FileTree& files);

}  // namespace whygpu
