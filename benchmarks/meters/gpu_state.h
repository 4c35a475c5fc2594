// What NVML says of a GPU's settings: those that decide how fast it may run.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace whygpu {

struct GpuState {
  std::string name;
  std::string pci_bus_id;                              // "0000:65:00.0"; empty where not told
  std::optional<double> clock_mhz, highest_clock_mhz;  // of the multiprocessors
  std::optional<double> power_limit_watts, default_limit_watts;
  std::optional<bool> ecc, mig, persistence;
  std::optional<unsigned> link_generation, highest_link_generation, link_width, highest_link_width;  // PCIe
  std::vector<unsigned> processes;  // that compute on it, by id
};

// All GPUs. Throws NvmlError when there is no NVML, or it sees none of them.
std::vector<GpuState> read_gpus(const std::string& nvml_library = "libnvidia-ml.so.1");

}  // namespace whygpu
