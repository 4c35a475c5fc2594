// Readings of NVIDIA's management library (NVML), which comes with the driver and is loaded at run time: a GPU's state
// and energy. A reading that a GPU or its driver does not support is empty.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "backends/devices/pci_bus_id.h"

namespace whygpu {

inline constexpr char kNvmlLibrary[] = "libnvidia-ml.so.1";

// what() is the loader's or NVML's error message.
class NvmlError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What holds the SM clock below the requested one; the bits of nvmlDeviceGetCurrentClocksEventReasons.
enum class ClockLimit : std::uint64_t {
  idle = 0x1,
  application_setting = 0x2,
  power_cap = 0x4,
  hardware_slowdown = 0x8,
  sync_boost = 0x10,
  thermal_software = 0x20,
  thermal_hardware = 0x40,
  power_brake = 0x80,
  display_setting = 0x100,
};

// One GPU, identified by its PCI bus id: NVML's index counts all GPUs of the machine by address, CUDA's only those left
// by CUDA_VISIBLE_DEVICES, the fastest first.
class NvmlDevice {
 public:
  // Throws NvmlError. `pci_bus_id` in any spelling; `library` is a file name for dlopen.
  explicit NvmlDevice(const std::string& pci_bus_id, const std::string& library = kNvmlLibrary);

  // All GPUs that the driver sees, in NVML's order. Throws NvmlError.
  static std::vector<NvmlDevice> all(const std::string& library = kNvmlLibrary);

  std::string pci_bus_id() const;  // normal_pci_bus_id(); empty if NVML does not report it
  std::string name() const;
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
  std::optional<unsigned> pcie_generation() const;
  std::optional<unsigned> pcie_max_generation() const;
  std::optional<unsigned> pcie_lanes() const;
  std::optional<unsigned> pcie_max_lanes() const;
  std::optional<bool> ecc() const;
  std::optional<bool> persistence() const;
  std::optional<bool> mig() const;
  std::optional<std::vector<unsigned>> processes() const;  // ids of those that compute here, including this one

  std::optional<std::uint64_t> clock_limits() const;  // active bits of ClockLimit
  std::optional<double> thermal_seconds() const;      // time spent slowed by heat since the driver was loaded

 private:
  class Library;
  NvmlDevice(std::shared_ptr<const Library> library, void* device);

  std::shared_ptr<const Library> library_;
  void* device_ = nullptr;
};

// The names of the set bits: "power cap, thermal (hardware)"; "none", or "unknown: ..." without a reading.
std::string clock_limit_names(std::optional<std::uint64_t> limits);

// Reports what slowed the device between two calls. Running at the power cap is normal and no disturbance; heat, a
// power brake and a slow neighbour (sync boost) are, and so is a reading that is no longer available. Where it never
// was, nothing is reported here: the device's facts say that it is unknown.
class ThrottleWatch {
 public:
  explicit ThrottleWatch(const NvmlDevice& device);

  // What slowed the device since the last call; empty when nothing did.
  std::string since_last();

 private:
  const NvmlDevice& device_;
  bool reports_limits_;
  std::optional<double> thermal_seconds_;
};

}  // namespace whygpu
