#include "backends/devices/nvml.h"

#include <dlfcn.h>

#include <cstdio>
#include <utility>

namespace whygpu {
namespace {

// Declared from NVIDIA's API reference; nvml.h is not needed to build. Every function returns 0 on success.
using Handle = void*;
using Code = int;

enum Clock : unsigned { kSmClock = 1, kMemoryClock = 2 };
constexpr unsigned kGpuSensor = 0;
constexpr unsigned kThermalPolicy = 1;
constexpr unsigned kThermalField = 75;  // NVML_FI_DEV_PERF_POLICY_THERMAL, in nanoseconds
constexpr Code kInsufficientSize = 7;
constexpr Code kFunctionNotFound = 13;
constexpr std::size_t kProcessesAtFirst = 64;

struct Violation {
  unsigned long long reference_microseconds;
  unsigned long long violation_nanoseconds;
};

struct Temperature {  // nvmlTemperature_v1_t
  unsigned version = sizeof(Temperature) | 1U << 24;
  unsigned sensor = kGpuSensor;
  int celsius = 0;
};

struct FieldValue {  // nvmlFieldValue_t
  unsigned field, scope;
  long long timestamp, latency_microseconds;
  unsigned type;
  Code code;
  unsigned long long value;
};

struct PciInfo {  // nvmlPciInfo_t
  char legacy_bus_id[16];
  unsigned domain, bus, device, device_id, subsystem_id;
  char bus_id[32];
};

struct ProcessInfo {  // nvmlProcessInfo_v2_t
  unsigned pid;
  unsigned long long used_memory;
  unsigned gpu_instance, compute_instance;
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
    {ClockLimit::display_setting, "display clock setting"},
};

constexpr std::uint64_t kDisturbing =
    static_cast<std::uint64_t>(ClockLimit::hardware_slowdown) | static_cast<std::uint64_t>(ClockLimit::sync_boost) |
    static_cast<std::uint64_t>(ClockLimit::thermal_software) |
    static_cast<std::uint64_t>(ClockLimit::thermal_hardware) | static_cast<std::uint64_t>(ClockLimit::power_brake);

}  // namespace

// The loaded and started library.
class NvmlDevice::Library {
 public:
  explicit Library(const std::string& file) : handle_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw NvmlError(dlerror());
    const Code code = call("nvmlInit_v2");
    if (code == 0) return;
    const std::string reason = words(code);
    dlclose(handle_);
    throw NvmlError("NVML initialisation failed: " + reason);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    call("nvmlShutdown");
    dlclose(handle_);
  }

  // Calls an NVML function by name; an old driver may lack it.
  template <class... Args>
  Code call(const char* name, Args... args) const {
    auto function = reinterpret_cast<Code (*)(Args...)>(dlsym(handle_, name));
    return function == nullptr ? kFunctionNotFound : function(args...);
  }

  void check(Code code, const std::string& what) const {
    if (code != 0) throw NvmlError(what + ": " + words(code));
  }

  // One value of a device.
  template <class Value = unsigned, class... Args>
  std::optional<Value> read(const char* name, Handle device, Args... args) const {
    Value value{};
    if (call(name, device, args..., &value) != 0) return std::nullopt;
    return value;
  }

  // One number of a device, times `unit`.
  template <class Number = unsigned, class... Args>
  std::optional<double> scaled(double unit, const char* name, Handle device, Args... args) const {
    const auto number = read<Number>(name, device, args...);
    if (!number) return std::nullopt;
    return static_cast<double>(*number) * unit;
  }

  // A mode that NVML reports as current and after the next reset.
  std::optional<bool> mode(const char* name, Handle device) const {
    unsigned current = 0, pending = 0;
    if (call(name, device, &current, &pending) != 0) return std::nullopt;
    return current != 0;
  }

 private:
  std::string words(Code code) const {
    auto function = reinterpret_cast<const char* (*)(Code)>(dlsym(handle_, "nvmlErrorString"));
    return function != nullptr ? function(code) : "NVML error " + std::to_string(code);
  }

  void* handle_;
};

NvmlDevice::NvmlDevice(std::shared_ptr<const Library> library, void* device)
    : library_(std::move(library)), device_(device) {}

NvmlDevice::NvmlDevice(const std::string& pci_bus_id, const std::string& library)
    : library_(std::make_shared<Library>(library)) {
  library_->check(library_->call("nvmlDeviceGetHandleByPciBusId_v2", pci_bus_id.c_str(), &device_),
                  "NVML has no device " + pci_bus_id);
}

std::vector<NvmlDevice> NvmlDevice::all(const std::string& library) {
  const auto loaded = std::make_shared<const Library>(library);
  unsigned count = 0;
  loaded->check(loaded->call("nvmlDeviceGetCount_v2", &count), "NVML device count");
  std::vector<NvmlDevice> devices;
  for (unsigned index = 0; index < count; ++index) {
    Handle device = nullptr;
    loaded->check(loaded->call("nvmlDeviceGetHandleByIndex_v2", index, &device), "GPU " + std::to_string(index));
    devices.push_back(NvmlDevice(loaded, device));
  }
  return devices;
}

std::string NvmlDevice::pci_bus_id() const {
  const auto info = library_->read<PciInfo>("nvmlDeviceGetPciInfo_v3", device_);
  return info ? normal_pci_bus_id(info->bus_id) : "";
}

std::string NvmlDevice::name() const {
  char name[96] = "";
  return library_->call("nvmlDeviceGetName", device_, &name[0], unsigned{sizeof name}) == 0 ? name : "unknown GPU";
}

std::string NvmlDevice::driver_version() const {
  char version[80] = "";
  library_->check(library_->call("nvmlSystemGetDriverVersion", &version[0], unsigned{sizeof version}),
                  "driver version");
  return version;
}

std::optional<double> NvmlDevice::sm_mhz() const {
  return library_->scaled(1, "nvmlDeviceGetClockInfo", device_, kSmClock);
}
std::optional<double> NvmlDevice::sm_max_mhz() const {
  return library_->scaled(1, "nvmlDeviceGetMaxClockInfo", device_, kSmClock);
}
std::optional<double> NvmlDevice::sm_application_mhz() const {
  return library_->scaled(1, "nvmlDeviceGetApplicationsClock", device_, kSmClock);
}
std::optional<double> NvmlDevice::memory_mhz() const {
  return library_->scaled(1, "nvmlDeviceGetClockInfo", device_, kMemoryClock);
}
std::optional<double> NvmlDevice::power_watts() const {
  return library_->scaled(1e-3, "nvmlDeviceGetPowerUsage", device_);
}
std::optional<double> NvmlDevice::power_limit_watts() const {
  return library_->scaled(1e-3, "nvmlDeviceGetEnforcedPowerLimit", device_);
}
std::optional<double> NvmlDevice::power_limit_default_watts() const {
  return library_->scaled(1e-3, "nvmlDeviceGetPowerManagementDefaultLimit", device_);
}
std::optional<double> NvmlDevice::energy_joules() const {
  return library_->scaled<unsigned long long>(1e-3, "nvmlDeviceGetTotalEnergyConsumption", device_);
}
std::optional<double> NvmlDevice::temperature_celsius() const {
  if (const auto celsius = library_->scaled(1, "nvmlDeviceGetTemperature", device_, kGpuSensor)) return celsius;
  Temperature temperature;
  if (library_->call("nvmlDeviceGetTemperatureV", device_, &temperature) != 0) return std::nullopt;
  return temperature.celsius;
}
std::optional<unsigned> NvmlDevice::pcie_generation() const {
  return library_->read("nvmlDeviceGetCurrPcieLinkGeneration", device_);
}
std::optional<unsigned> NvmlDevice::pcie_max_generation() const {
  return library_->read("nvmlDeviceGetMaxPcieLinkGeneration", device_);
}
std::optional<unsigned> NvmlDevice::pcie_lanes() const {
  return library_->read("nvmlDeviceGetCurrPcieLinkWidth", device_);
}
std::optional<unsigned> NvmlDevice::pcie_max_lanes() const {
  return library_->read("nvmlDeviceGetMaxPcieLinkWidth", device_);
}

std::optional<bool> NvmlDevice::ecc() const { return library_->mode("nvmlDeviceGetEccMode", device_); }
std::optional<bool> NvmlDevice::mig() const { return library_->mode("nvmlDeviceGetMigMode", device_); }
std::optional<bool> NvmlDevice::persistence() const {
  const auto mode = library_->read("nvmlDeviceGetPersistenceMode", device_);
  if (!mode) return std::nullopt;
  return *mode != 0;
}

std::optional<std::vector<unsigned>> NvmlDevice::processes() const {
  std::vector<ProcessInfo> found(kProcessesAtFirst);
  const auto list = [&](unsigned& count) {
    count = static_cast<unsigned>(found.size());
    return library_->call("nvmlDeviceGetComputeRunningProcesses_v3", device_, &count, found.data());
  };
  unsigned count = 0;
  Code code = list(count);
  if (code == kInsufficientSize) {
    found.resize(2 * static_cast<std::size_t>(count));  // more may start in the meantime
    code = list(count);
  }
  if (code != 0) return std::nullopt;
  std::vector<unsigned> ids;
  for (unsigned i = 0; i < count; ++i) ids.push_back(found[i].pid);
  return ids;
}

// Renamed in driver 535; CUDA 14 removes the old name.
std::optional<std::uint64_t> NvmlDevice::clock_limits() const {
  for (const char* name : {"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"}) {
    if (const auto limits = library_->read<unsigned long long>(name, device_)) return *limits;
  }
  return std::nullopt;
}

// CUDA 14 removes the violation status.
std::optional<double> NvmlDevice::thermal_seconds() const {
  if (const auto violation = library_->read<Violation>("nvmlDeviceGetViolationStatus", device_, kThermalPolicy)) {
    return static_cast<double>(violation->violation_nanoseconds) * 1e-9;
  }
  FieldValue thermal{};
  thermal.field = kThermalField;
  if (library_->call("nvmlDeviceGetFieldValues", device_, 1, &thermal) != 0 || thermal.code != 0) return std::nullopt;
  return static_cast<double>(thermal.value) * 1e-9;
}

std::string clock_limit_names(std::optional<std::uint64_t> limits) {
  if (!limits) return "unknown: the driver does not report it";
  std::string names;
  std::uint64_t unnamed = *limits;
  for (const auto& [limit, name] : kLimitNames) {
    if ((*limits & static_cast<std::uint64_t>(limit)) == 0) continue;
    unnamed &= ~static_cast<std::uint64_t>(limit);
    if (!names.empty()) names += ", ";
    names += name;
  }
  if (unnamed != 0) names += (names.empty() ? "" : ", ") + std::string("another reason");
  return names.empty() ? "none" : names;
}

ThrottleWatch::ThrottleWatch(const NvmlDevice& device)
    : device_(device), reports_limits_(device.clock_limits().has_value()), thermal_seconds_(device.thermal_seconds()) {}

std::string ThrottleWatch::since_last() {
  const auto thermal = device_.thermal_seconds();
  const auto before = std::exchange(thermal_seconds_, thermal);
  const double slowed = thermal && before ? *thermal - *before : 0;
  const auto limits = device_.clock_limits();
  if (limits && (*limits & kDisturbing) != 0) return "the GPU throttles: " + clock_limit_names(*limits & kDisturbing);
  if (!limits && reports_limits_) return "the driver no longer reports whether the GPU throttles";
  if (slowed <= 0) return {};
  char text[64];
  std::snprintf(text, sizeof text, "the GPU throttled: thermal, for %.3g ms", slowed * 1e3);
  return text;
}

}  // namespace whygpu
