#include "benchmarks/meters/gpu_state.h"

#include "benchmarks/meters/nvml.h"

namespace whygpu {
namespace {

constexpr int kMultiprocessorClock = 1;  // NVML_CLOCK_SM

std::optional<double> scaled(std::optional<unsigned> value, double factor) {
  if (!value) return std::nullopt;
  return factor * *value;
}

std::optional<bool> current(const std::optional<std::pair<unsigned, unsigned>>& mode) {
  if (!mode) return std::nullopt;
  return mode->first != 0;
}

GpuState read(const Nvml& nvml, Nvml::Device device) {
  GpuState state;
  state.name = nvml.device_name(device);
  state.clock_mhz = scaled(nvml.query<unsigned>("nvmlDeviceGetClockInfo", device, kMultiprocessorClock), 1);
  state.highest_clock_mhz = scaled(nvml.query<unsigned>("nvmlDeviceGetMaxClockInfo", device, kMultiprocessorClock), 1);
  state.power_limit_watts = scaled(nvml.query<unsigned>("nvmlDeviceGetPowerManagementLimit", device), 1e-3);
  state.default_limit_watts = scaled(nvml.query<unsigned>("nvmlDeviceGetPowerManagementDefaultLimit", device), 1e-3);
  state.ecc = current(nvml.query_pair("nvmlDeviceGetEccMode", device));
  state.mig = current(nvml.query_pair("nvmlDeviceGetMigMode", device));
  if (const auto mode = nvml.query<unsigned>("nvmlDeviceGetPersistenceMode", device)) state.persistence = *mode != 0;
  state.link_generation = nvml.query<unsigned>("nvmlDeviceGetCurrPcieLinkGeneration", device);
  state.highest_link_generation = nvml.query<unsigned>("nvmlDeviceGetMaxPcieLinkGeneration", device);
  state.link_width = nvml.query<unsigned>("nvmlDeviceGetCurrPcieLinkWidth", device);
  state.highest_link_width = nvml.query<unsigned>("nvmlDeviceGetMaxPcieLinkWidth", device);
  state.processes = nvml.processes(device);
  return state;
}

}  // namespace

std::vector<GpuState> read_gpus(const std::string& nvml_library) {
  const Nvml nvml(nvml_library);
  std::vector<GpuState> states;
  for (unsigned index = 0; index < nvml.device_count(); ++index) states.push_back(read(nvml, nvml.device(index)));
  return states;
}

}  // namespace whygpu
