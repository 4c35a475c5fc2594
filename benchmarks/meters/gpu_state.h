// Settings of a GPU that limit its speed, read through NVML.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace whygpu {

struct GpuState {
  std::string name;
  std::string pci_bus_id;                              // "0000:65:00.0"; empty if unknown
  std::optional<double> clock_mhz, highest_clock_mhz;  // of the multiprocessors
  std::optional<double> power_limit_watts, default_limit_watts;
  std::optional<bool> ecc, mig, persistence;
  bool reports_throttling = true;
  std::optional<unsigned> link_generation, highest_link_generation, link_width, highest_link_width;  // PCIe
  std::vector<unsigned> processes;  // process ids with a compute context
};

// All GPUs. Throws NvmlError if NVML is missing or reports no GPU.
std::vector<GpuState> read_gpus(const std::string& nvml_library = "libnvidia-ml.so.1");

}  // namespace whygpu
