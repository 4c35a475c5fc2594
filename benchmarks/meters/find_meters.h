// All meters of this machine, each joule counted once.
#pragma once

#include <vector>

#include "benchmarks/meters/meter.h"
#include "reports/results/records.h"

namespace whygpu {

// What there is, and what there is not and why. Of the sources for one scope only the best that works stays: RAPL by
// powercap before perf before hwmon; NVML for GPUs. The environment variable WHYGPU_METER_ROOT puts another directory
// in place of / for the readers of files.
std::vector<MeterOffer> find_meters();
std::vector<MeterOffer> find_meters(const FileTree& files, const std::string& nvml_library);

// As the result file lists them.
std::vector<MeterRecord> meter_records(const std::vector<MeterOffer>& offers);

// The usable ones, taken out of the offers.
std::vector<std::unique_ptr<Meter>> take_meters(std::vector<MeterOffer>& offers);

// Why no meter works, in one line.
std::string why_no_meter(const std::vector<MeterOffer>& offers);

}  // namespace whygpu
