#include "benchmarks/meters/gpu_state.h"

#include <cmath>
#include <cstdio>

#include "backends/devices/hwmon.h"
#include "backends/devices/nvml.h"

namespace whygpu {

std::vector<GpuState> read_gpus(const std::string& nvml_library) {
  std::vector<GpuState> states;
  for (const auto& gpu : NvmlDevice::all(nvml_library)) {
    const auto default_limit = gpu.power_limit_default_watts();
    char command[32];
    std::snprintf(command, sizeof command, "nvidia-smi -pl %.0f", default_limit.value_or(0));
    states.push_back({.name = gpu.name(),
                      .pci_bus_id = gpu.pci_bus_id(),
                      .clock_mhz = gpu.sm_mhz(),
                      .highest_clock_mhz = gpu.sm_max_mhz(),
                      .power_limit_watts = gpu.power_limit_watts(),
                      .default_limit_watts = default_limit,
                      .default_limit_command = default_limit ? command : "",
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

std::vector<GpuState> read_hwmon_gpus(const FileTree& files) {
  std::vector<GpuState> states;
  for (const auto& address : HwmonCard::addresses(files)) {
    try {
      const HwmonCard card(address, files);
      GpuState& state = states.emplace_back();
      state.name = card.driver() + " " + address;
      state.pci_bus_id = address;
      state.clock_mhz = card.core_mhz();
      state.power_limit_watts = card.power_limit_watts();
      if (card.driver() != "amdgpu") continue;
      state.default_limit_watts = card.power_limit_default_watts();
      if (!state.default_limit_watts) continue;
      state.default_limit_command = "echo " + std::to_string(std::llround(1e6 * *state.default_limit_watts)) + " > /" +
                                    card.power_limit_file().string();
    } catch (const HwmonError&) {
      continue;  // the meters say why
    }
  }
  return states;
}

}  // namespace whygpu
