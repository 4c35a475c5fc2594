// Where meters are looked for: RAPL, the kernel's hwmon sensors, NVIDIA's management library.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/meters/meter.h"

namespace whygpu {

// RAPL by /sys/class/powercap/intel-rapl:*: one meter per package and per memory controller (dram), which packages do
// not include.
std::vector<MeterOffer> find_powercap_meters(const FileTree& files);

// RAPL by the perf events energy-pkg and energy-ram of /sys/bus/event_source/devices/power, one meter each for all
// packages together.
std::vector<MeterOffer> find_perf_meters(const FileTree& files);

// /sys/class/hwmon/*, sensors with a known scope: energy counters of AMD processors (amd_energy, sockets only), socket
// power (amd_hsmp), the power supply's meter (power_meter).
std::vector<MeterOffer> find_hwmon_meters(const FileTree& files);

// AMD's and Intel's graphics cards (drivers amdgpu, i915, xe), one offer per card: its energy counter, or its power if
// it has no counter. The power of AMD's integrated graphics includes the processor, so that meter is one of the host.
std::vector<MeterOffer> find_card_meters(const FileTree& files);

// The energy counter of an NVIDIA GPU, or its power if it has no counter. One offer per GPU, or one with a reason.
// `library` is a file name for dlopen.
std::vector<MeterOffer> find_nvml_meters(const std::string& library = "libnvidia-ml.so.1");

}  // namespace whygpu
