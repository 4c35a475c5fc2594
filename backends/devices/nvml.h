// Readings of NVIDIA's management library (NVML), which comes with the driver and is loaded at run time. A reading that
// a device does not have is empty.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace whygpu {

// What holds the SM clock below what was asked for; the bits of nvmlDeviceGetCurrentClocksThrottleReasons.
enum class ClockLimit : std::uint64_t {
  idle = 0x1,
  application_setting = 0x2,
  power_cap = 0x4,
  hardware_slowdown = 0x8,
  sync_boost = 0x10,
  thermal_software = 0x20,
  thermal_hardware = 0x40,
  power_brake = 0x80,
};

class NvmlDevice {
 public:
  // `pci_bus_id` as CUDA writes it, "0000:65:00.0". Throws std::runtime_error with the loader's or NVML's own reason.
  explicit NvmlDevice(const std::string& pci_bus_id, const char* library = "libnvidia-ml.so.1");
  ~NvmlDevice();

  std::string driver_version() const;
  std::optional<double> sm_mhz() const;
  std::optional<double> sm_max_mhz() const;
  std::optional<double> sm_application_mhz() const;
  std::optional<double> memory_mhz() const;
  std::optional<double> power_watts() const;
  std::optional<double> power_limit_watts() const;
  std::optional<double> power_limit_default_watts() const;
  std::optional<double> energy_joules() const;  // since the driver was loaded
  std::optional<double> temperature_celsius() const;
  std::optional<double> pcie_generation() const;
  std::optional<double> pcie_lanes() const;
  std::optional<bool> ecc() const;
  std::optional<bool> persistence() const;
  std::optional<bool> mig() const;
  std::optional<double> processes() const;  // that compute here, this one included

  std::optional<std::uint64_t> clock_limits() const;  // bits of ClockLimit that act now
  std::optional<double> thermal_seconds() const;      // time spent slowed by heat since the driver was loaded

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

// The set bits in words: "power cap, thermal (hardware)"; empty for none.
std::string clock_limit_names(std::uint64_t limits);

// Tells what slowed the device between two looks at it. A clock held by the power cap is how the device runs at its
// limit for as long as it likes, so it is no disturbance; heat, a power brake and a slow neighbour (sync boost) are.
class ThrottleWatch {
 public:
  explicit ThrottleWatch(const NvmlDevice& device);

  // What disturbed since the last call, in words; empty when nothing did.
  std::string since_last();

 private:
  const NvmlDevice& device_;
  double thermal_seconds_;
};

}  // namespace whygpu
