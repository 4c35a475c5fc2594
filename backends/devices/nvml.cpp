#include "backends/devices/nvml.h"

#include <dlfcn.h>

#include <cstdio>
#include <stdexcept>
#include <utility>

namespace whygpu {
namespace {

// Declared from NVIDIA's API reference; nvml.h is not needed to build. Every function returns 0 on success.
using Handle = struct NvmlHandle*;
using Status = int;

enum Clock : unsigned { kSmClock = 1, kMemoryClock = 2 };
constexpr unsigned kGpuSensor = 0;
constexpr unsigned kThermalPolicy = 1;
constexpr Status kInsufficientSize = 7;

struct Violation {
  unsigned long long reference_microseconds;
  unsigned long long violation_nanoseconds;
};

constexpr std::pair<ClockLimit, const char*> kLimitNames[] = {
    {ClockLimit::idle, "idle"},
    {ClockLimit::application_setting, "application clock setting"},
    {ClockLimit::power_cap, "power cap"},
    {ClockLimit::hardware_slowdown, "hardware slowdown"},
    {ClockLimit::sync_boost, "sync boost"},
    {ClockLimit::thermal_software, "thermal (software)"},
    {ClockLimit::thermal_hardware, "thermal (hardware)"},
    {ClockLimit::power_brake, "power brake"},
};

constexpr std::uint64_t kDisturbing =
    static_cast<std::uint64_t>(ClockLimit::hardware_slowdown) | static_cast<std::uint64_t>(ClockLimit::sync_boost) |
    static_cast<std::uint64_t>(ClockLimit::thermal_software) |
    static_cast<std::uint64_t>(ClockLimit::thermal_hardware) | static_cast<std::uint64_t>(ClockLimit::power_brake);

}  // namespace

struct NvmlDevice::Library {
  void* handle = nullptr;
  Handle device = nullptr;
  bool initialised = false;

  ~Library() {
    if (initialised) call("nvmlShutdown");
    if (handle != nullptr) dlclose(handle);
  }

  // Calls an NVML function by name; an old driver may lack it, which reads as any other failure.
  template <class... Args>
  Status call(const char* name, Args... args) const {
    auto function = reinterpret_cast<Status (*)(Args...)>(dlsym(handle, name));
    return function == nullptr ? -1 : function(args...);
  }

  void check(Status status, const char* what) const {
    if (status == 0) return;
    auto words = reinterpret_cast<const char* (*)(Status)>(dlsym(handle, "nvmlErrorString"));
    throw std::runtime_error(std::string(what) + ": " + (words != nullptr ? words(status) : "NVML failed"));
  }

  // One number of the device, times `unit`.
  template <class Number = unsigned, class... Args>
  std::optional<double> read(double unit, const char* name, Args... args) const {
    Number value{};
    if (call(name, device, args..., &value) != 0) return std::nullopt;
    return static_cast<double>(value) * unit;
  }

  // A mode that NVML gives as now and after the next reset.
  std::optional<bool> mode(const char* name) const {
    unsigned current = 0;
    unsigned pending = 0;
    if (call(name, device, &current, &pending) != 0) return std::nullopt;
    return current != 0;
  }
};

NvmlDevice::NvmlDevice(const std::string& pci_bus_id, const char* library) : library_(std::make_unique<Library>()) {
  library_->handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (library_->handle == nullptr) throw std::runtime_error(dlerror());
  library_->check(library_->call("nvmlInit_v2"), "NVML does not start");
  library_->initialised = true;
  library_->check(library_->call("nvmlDeviceGetHandleByPciBusId_v2", pci_bus_id.c_str(), &library_->device),
                  ("NVML has no device " + pci_bus_id).c_str());
}

NvmlDevice::~NvmlDevice() = default;

std::string NvmlDevice::driver_version() const {
  char version[80] = "";
  library_->check(library_->call("nvmlSystemGetDriverVersion", &version[0], unsigned{sizeof version}),
                  "driver version");
  return version;
}

std::optional<double> NvmlDevice::sm_mhz() const { return library_->read(1, "nvmlDeviceGetClockInfo", kSmClock); }
std::optional<double> NvmlDevice::sm_max_mhz() const {
  return library_->read(1, "nvmlDeviceGetMaxClockInfo", kSmClock);
}
std::optional<double> NvmlDevice::sm_application_mhz() const {
  return library_->read(1, "nvmlDeviceGetApplicationsClock", kSmClock);
}
std::optional<double> NvmlDevice::memory_mhz() const {
  return library_->read(1, "nvmlDeviceGetClockInfo", kMemoryClock);
}
std::optional<double> NvmlDevice::power_watts() const { return library_->read(1e-3, "nvmlDeviceGetPowerUsage"); }
std::optional<double> NvmlDevice::power_limit_watts() const {
  return library_->read(1e-3, "nvmlDeviceGetEnforcedPowerLimit");
}
std::optional<double> NvmlDevice::power_limit_default_watts() const {
  return library_->read(1e-3, "nvmlDeviceGetPowerManagementDefaultLimit");
}
std::optional<double> NvmlDevice::energy_joules() const {
  return library_->read<unsigned long long>(1e-3, "nvmlDeviceGetTotalEnergyConsumption");
}
std::optional<double> NvmlDevice::temperature_celsius() const {
  return library_->read(1, "nvmlDeviceGetTemperature", kGpuSensor);
}
std::optional<double> NvmlDevice::pcie_generation() const {
  return library_->read(1, "nvmlDeviceGetCurrPcieLinkGeneration");
}
std::optional<double> NvmlDevice::pcie_lanes() const { return library_->read(1, "nvmlDeviceGetCurrPcieLinkWidth"); }

std::optional<bool> NvmlDevice::ecc() const { return library_->mode("nvmlDeviceGetEccMode"); }
std::optional<bool> NvmlDevice::mig() const { return library_->mode("nvmlDeviceGetMigMode"); }
std::optional<bool> NvmlDevice::persistence() const {
  const auto mode = library_->read(1, "nvmlDeviceGetPersistenceMode");
  if (!mode) return std::nullopt;
  return *mode != 0;
}

std::optional<double> NvmlDevice::processes() const {
  unsigned count = 0;
  const Status status =
      library_->call("nvmlDeviceGetComputeRunningProcesses_v3", library_->device, &count, static_cast<void*>(nullptr));
  if (status != 0 && status != kInsufficientSize) return std::nullopt;
  return count;
}

std::optional<std::uint64_t> NvmlDevice::clock_limits() const {
  unsigned long long limits = 0;
  if (library_->call("nvmlDeviceGetCurrentClocksThrottleReasons", library_->device, &limits) != 0) return std::nullopt;
  return limits;
}

std::optional<double> NvmlDevice::thermal_seconds() const {
  Violation violation{};
  if (library_->call("nvmlDeviceGetViolationStatus", library_->device, kThermalPolicy, &violation) != 0) {
    return std::nullopt;
  }
  return static_cast<double>(violation.violation_nanoseconds) * 1e-9;
}

std::string clock_limit_names(std::uint64_t limits) {
  std::string names;
  for (const auto& [limit, name] : kLimitNames) {
    if ((limits & static_cast<std::uint64_t>(limit)) == 0) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

ThrottleWatch::ThrottleWatch(const NvmlDevice& device)
    : device_(device), thermal_seconds_(device.thermal_seconds().value_or(0)) {}

std::string ThrottleWatch::since_last() {
  const double thermal = device_.thermal_seconds().value_or(thermal_seconds_);
  const double slowed = thermal - std::exchange(thermal_seconds_, thermal);
  const std::string now = clock_limit_names(device_.clock_limits().value_or(0) & kDisturbing);
  if (!now.empty()) return "the GPU throttles: " + now;
  if (slowed <= 0) return {};
  char text[64];
  std::snprintf(text, sizeof text, "the GPU throttled: thermal, for %.3g ms", slowed * 1e3);
  return text;
}

}  // namespace whygpu
