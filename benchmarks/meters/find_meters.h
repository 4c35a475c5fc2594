// All meters of this machine, without counting any energy twice.
#pragma once

#include <vector>

#include "benchmarks/meters/meter.h"
#include "reports/results/records.h"

namespace whygpu {

// The usable meters, and the reason for each unusable one. Of several sources for the host, the machine or one card
// only the best usable one is kept: RAPL by powercap before perf before hwmon; NVML or hwmon for cards.
std::vector<MeterOffer> find_meters();
std::vector<MeterOffer> find_meters(const FileTree& files, const std::string& nvml_library);

// The kernel's files; the environment variable WHYGPU_METER_ROOT replaces the root /.
FileTree meter_files();

// In the format of the result file.
std::vector<MeterRecord> meter_records(const std::vector<MeterOffer>& offers);

// The usable meters, moved out of the offers.
std::vector<std::unique_ptr<Meter>> take_meters(std::vector<MeterOffer>& offers);

// The usable meters that count for a run on the accelerator at `pci_bus_id`, or on the processor if that is
// empty: those of the host and the machine, and that of the accelerator at this address.
std::vector<std::unique_ptr<Meter>> take_meters_for(std::vector<MeterOffer>& offers, const std::string& pci_bus_id);

// Why there is no usable meter, in one line.
std::string why_no_meter(const std::vector<MeterOffer>& offers);

}  // namespace whygpu
