// The energy counter of an NVIDIA GPU, or its power if it has no counter, through NVML loaded at run time.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/meters/meter.h"

namespace whygpu {

// One offer per GPU, or one with a reason. `library` is a file name for dlopen.
std::vector<MeterOffer> find_nvml_meters(const std::string& library = "libnvidia-ml.so.1");

}  // namespace whygpu
