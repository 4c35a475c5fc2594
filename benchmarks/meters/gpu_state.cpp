#include "benchmarks/meters/gpu_state.h"

#include "backends/devices/nvml.h"

namespace whygpu {

std::vector<GpuState> read_gpus(const std::string& nvml_library) {
  std::vector<GpuState> states;
  for (const auto& gpu : NvmlDevice::all(nvml_library)) {
    states.push_back({.name = gpu.name(),
                      .pci_bus_id = gpu.pci_bus_id(),
                      .clock_mhz = gpu.sm_mhz(),
                      .highest_clock_mhz = gpu.sm_max_mhz(),
                      .power_limit_watts = gpu.power_limit_watts(),
                      .default_limit_watts = gpu.power_limit_default_watts(),
                      .ecc = gpu.ecc(),
                      .mig = gpu.mig(),
                      .persistence = gpu.persistence(),
                      .reports_throttling = gpu.clock_limits().has_value(),
                      .link_generation = gpu.pcie_generation(),
                      .highest_link_generation = gpu.pcie_max_generation(),
                      .link_width = gpu.pcie_lanes(),
                      .highest_link_width = gpu.pcie_max_lanes(),
                      .processes = gpu.processes().value_or(std::vector<unsigned>{})});
  }
  return states;
}

}  // namespace whygpu
