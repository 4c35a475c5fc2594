// Sensors of AMD's and Intel's graphics cards. The kernel drivers amdgpu, i915 (Linux 6.2 and later) and xe (6.8 and
// later) offer them as files in /sys/bus/pci/drivers/DRIVER/ADDRESS/hwmon. A sensor that the card or its driver lacks,
// or that cannot be read now, is empty.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "backends/devices/file_tree.h"
#include "whygpu/device.h"

namespace whygpu {

// what() names the card or the file, and the reason.
class HwmonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A card that is powered down, whose sensors Linux 6.15 and later do not read: they return when the card is used.
class HwmonAsleep : public HwmonError {
 public:
  using HwmonError::HwmonError;
};

// The file from which a card's energy follows.
struct CardEnergy {
  std::filesystem::path file;  // relative to the root
  bool counter = false;        // counts joules; otherwise the power in watts
  std::string covers;          // "the whole card"
  std::string averaging;       // of the power
};

// One card, identified by its PCI address.
class HwmonCard {
 public:
  // `pci_bus_id` in any spelling of normal_pci_bus_id(). Throws HwmonError: no card of these drivers, none or several
  // hwmon folders.
  explicit HwmonCard(const std::string& pci_bus_id, FileTree files = {});

  // The addresses of all cards with one of these drivers, by driver and address.
  static std::vector<std::string> addresses(const FileTree& files = {});

  const std::string& pci_bus_id() const { return pci_bus_id_; }
  const std::string& driver() const { return driver_; }  // "amdgpu"

  // Whether this is AMD's integrated graphics, whose power includes the processor.
  bool integrated() const;

  // The best readable source: a counter before power, the whole card before its chip. Of a sleeping card, the source
  // that it will have. Throws HwmonError with the reason for each source that is not usable.
  CardEnergy energy() const;

  // Joules or watts, never 0: that is how a sensor without a reading looks. Throws HwmonError, HwmonAsleep.
  double read(const CardEnergy& source) const;

  std::optional<double> power_watts() const;
  std::optional<double> power_limit_watts() const;  // sustained
  std::optional<double> power_limit_default_watts() const;
  std::filesystem::path power_limit_file() const;  // relative to the root, in microwatts
  std::optional<double> temperature_celsius() const;
  std::optional<double> core_mhz() const;
  std::optional<double> memory_mhz() const;

 private:
  std::vector<CardEnergy> sources() const;
  std::optional<double> scaled(const std::filesystem::path& file, double per_unit) const;  // nothing for 0

  FileTree files_;
  std::string pci_bus_id_, driver_;
  std::filesystem::path device_, hwmon_;
};

// Whether the device at `pci_bus_id` is a part of the processor, so that the processor's meters count its energy: AMD's
// integrated graphics, or a device of these drivers on bus 0, where no slot is. Does not throw.
bool inside_processor(const std::string& pci_bus_id, const FileTree& files = {});

// For Device::facts() and Device::readings() of the device at `pci_bus_id`: nothing unless it is a card of these
// drivers. Without an hwmon folder the fact "hwmon" says why. They do not throw.
Facts hwmon_facts(const std::string& pci_bus_id, const FileTree& files = {});
std::vector<std::pair<std::string, double>> hwmon_readings(const std::string& pci_bus_id, const FileTree& files = {});

}  // namespace whygpu
