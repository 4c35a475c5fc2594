// Settings of a GPU that limit its speed, read through NVML or the kernel's hwmon files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/devices/file_tree.h"

namespace whygpu {

struct GpuState {
  std::string name;
  std::string pci_bus_id;                              // "0000:65:00.0"; empty if unknown
  std::optional<double> clock_mhz, highest_clock_mhz;  // of the multiprocessors
  std::optional<double> power_limit_watts, default_limit_watts;
  std::string default_limit_command;  // sets the default limit, as root
  std::optional<bool> ecc, mig, persistence;
  bool reports_throttling = true;
  std::optional<unsigned> link_generation, highest_link_generation, link_width, highest_link_width;  // PCIe
  std::vector<unsigned> processes;  // process ids with a compute context
};

// All GPUs of NVIDIA. Throws NvmlError if NVML is missing or reports no GPU.
std::vector<GpuState> read_gpus(const std::string& nvml_library = "libnvidia-ml.so.1");

// All cards of amdgpu, i915 and xe that have an hwmon folder, named by driver and PCI address. Clocks and limits only.
// Intel's default limit is left out: its cards may ship with a lower one.
std::vector<GpuState> read_hwmon_gpus(const FileTree& files = {});

}  // namespace whygpu
