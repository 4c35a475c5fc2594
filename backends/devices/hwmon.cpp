#include "backends/devices/hwmon.h"

#include <system_error>
#include <tuple>

#include "backends/devices/facts.h"
#include "backends/devices/pci_bus_id.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDrivers[] = {"amdgpu", "i915", "xe"};
const fs::path kDriverFolder = "sys/bus/pci/drivers";

// amdgpu of Linux 6.6 prints the error codes -4095 to -1 of a failed power reading as 32-bit numbers.
constexpr double kLowestErrorCode = 4294963201, kHighestErrorCode = 4294967295;

constexpr char kMi300a[] = "0x74a0";  // PCI device id

constexpr char kFirmwareAverage[] = "averaged by the card's firmware, over a time that AMD does not document";
constexpr char kFirmwareInstant[] = "the firmware's latest value, which AMD calls instantaneous";

bool is_pci_address(const std::string& name) { return name.find(':') != std::string::npos; }

// The hwmon folder that bears the driver's name. i915 adds one per tile, i915_gt0 and so on, which is part of the card.
fs::path hwmon_folder(const FileTree& files, const fs::path& device, const std::string& driver) {
  std::vector<fs::path> found;
  for (const auto& folder : files.list(device / "hwmon")) {
    if (files.try_read(folder / "name") == driver) found.push_back(folder);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    throw HwmonError("/" + device.string() + " has no hwmon folder of " + driver +
                     ": integrated graphics, a virtual function, or a kernel that is too old");
  }
  throw HwmonError("/" + device.string() + " has several hwmon folders: " + found[0].filename().string() + " and " +
                   found[1].filename().string());
}

// The folder of the card in its driver's folder, and the driver.
std::pair<fs::path, std::string> find_card(const FileTree& files, const std::string& address) {
  if (is_pci_address(address)) {
    for (const char* driver : kDrivers) {
      const fs::path device = kDriverFolder / driver / address;
      if (files.exists(device)) return {device, driver};
    }
  }
  return {};
}

}  // namespace

HwmonCard::HwmonCard(const std::string& pci_bus_id, FileTree files)
    : files_(std::move(files)), pci_bus_id_(normal_pci_bus_id(pci_bus_id)) {
  std::tie(device_, driver_) = find_card(files_, pci_bus_id_);
  if (driver_.empty()) throw HwmonError("no card of amdgpu, i915 or xe at PCI address \"" + pci_bus_id + "\"");
  hwmon_ = hwmon_folder(files_, device_, driver_);
}

std::vector<std::string> HwmonCard::addresses(const FileTree& files) {
  std::vector<std::string> addresses;
  for (const char* driver : kDrivers) {
    for (const auto& entry : files.list(kDriverFolder / driver)) {
      if (is_pci_address(entry.filename().string())) addresses.push_back(entry.filename().string());
    }
  }
  return addresses;
}

// Integrated graphics has the voltage of a north bridge, except in the MI300A.
bool HwmonCard::integrated() const {
  return driver_ == "amdgpu" && (files_.exists(hwmon_ / "in1_input") || files_.try_read(device_ / "device") == kMi300a);
}

// amdgpu offers an average, a momentary value (Linux 6.6 and later), or both. The register that i915 reads is the one
// that xe labels "pkg".
std::vector<CardEnergy> HwmonCard::sources() const {
  if (driver_ == "amdgpu") {
    const std::string covers = integrated() ? "processor and integrated graphics together"
                                            : "the chip as its firmware counts it, without what else the card draws";
    return {{hwmon_ / "power1_average", false, covers, kFirmwareAverage},
            {hwmon_ / "power1_input", false, covers, kFirmwareInstant}};
  }
  const CardEnergy chip{{}, true, "the chip (package), without the rest of the card", {}};
  const CardEnergy card{{}, true, "the whole card", {}};
  std::vector<CardEnergy> whole, part;
  for (const char* name : {"energy1", "energy2"}) {
    const std::string label = files_.try_read(hwmon_ / (std::string(name) + "_label"))
                                  .value_or(std::string(name) == "energy1" ? "card" : "pkg");
    const bool is_card = driver_ == "xe" && label == "card";
    auto& source = (is_card ? whole : part).emplace_back(is_card ? card : chip);
    source.file = hwmon_ / (std::string(name) + "_input");
  }
  whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

CardEnergy HwmonCard::energy() const {
  std::string reasons;
  for (const auto& source : sources()) {
    if (!files_.exists(source.file)) continue;
    try {
      read(source);
      return source;
    } catch (const HwmonAsleep&) {
      return source;
    } catch (const HwmonError& error) {
      reasons += (reasons.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  throw HwmonError(reasons.empty() ? "/" + hwmon_.string() + " has no energy and no power" : reasons);
}

double HwmonCard::read(const CardEnergy& source) const {
  const std::string file = "/" + source.file.string() + ": ";
  std::string text;
  try {
    text = files_.read(source.file);
  } catch (const std::system_error& error) {
    const std::string reason = file + error.code().message();
    if (error.code() == std::errc::operation_not_permitted)
      throw HwmonAsleep(reason + ": the card is powered down or being reset");
    throw HwmonError(reason);
  }
  const auto number = whole_number(text);
  if (!number) throw HwmonError(file + "expected a whole number, found \"" + text + "\"");
  const auto micro = static_cast<double>(*number);
  if (micro == 0) throw HwmonError(file + "reads 0, as a sensor without a value does");
  if (!source.counter && micro >= kLowestErrorCode && micro <= kHighestErrorCode) {
    throw HwmonError(file + text + " is an error code of the driver");
  }
  return micro / 1e6;
}

std::optional<double> HwmonCard::scaled(const fs::path& file, double per_unit) const {
  const auto number = whole_number(files_.try_read(file).value_or(""));
  if (!number || *number == 0) return std::nullopt;
  return static_cast<double>(*number) / per_unit;
}

std::optional<double> HwmonCard::power_watts() const {
  for (const auto& source : sources()) {
    if (source.counter) continue;
    try {
      return read(source);
    } catch (const HwmonError&) {
      continue;
    }
  }
  return std::nullopt;
}

// Intel's limits are those of the card (power1) or the package (power2); 0 switches one off.
fs::path HwmonCard::power_limit_file() const {
  if (driver_ == "amdgpu") return hwmon_ / "power1_cap";
  return hwmon_ / (scaled(hwmon_ / "power1_max", 1) ? "power1_max" : "power2_max");
}

std::optional<double> HwmonCard::power_limit_watts() const { return scaled(power_limit_file(), 1e6); }

std::optional<double> HwmonCard::power_limit_default_watts() const {
  if (driver_ == "amdgpu") return scaled(hwmon_ / "power1_cap_default", 1e6);
  const char* name = power_limit_file().filename() == "power1_max" ? "power1_rated_max" : "power2_rated_max";
  return scaled(hwmon_ / name, 1e6);
}

// The first is the chip's: amdgpu's edge or, where that is missing, its hottest point; xe's package.
std::optional<double> HwmonCard::temperature_celsius() const {
  for (const char* name : {"temp1_input", "temp2_input"}) {
    if (const auto celsius = scaled(hwmon_ / name, 1e3)) return celsius;
  }
  return std::nullopt;
}

std::optional<double> HwmonCard::core_mhz() const {
  if (driver_ == "amdgpu") return scaled(hwmon_ / "freq1_input", 1e6);
  if (driver_ == "xe") return scaled(device_ / "tile0/gt0/freq0/act_freq", 1);
  for (const auto& folder : files_.list(device_ / "drm")) {
    if (const auto mhz = scaled(folder / "gt_act_freq_mhz", 1)) return mhz;
  }
  return std::nullopt;
}

std::optional<double> HwmonCard::memory_mhz() const {
  if (driver_ != "amdgpu") return std::nullopt;
  return scaled(hwmon_ / "freq2_input", 1e6);
}

bool inside_processor(const std::string& pci_bus_id, const FileTree& files) {
  const std::string address = normal_pci_bus_id(pci_bus_id);
  const std::string driver = find_card(files, address).second;
  if (!driver.empty() && address.compare(address.find(':'), 4, ":00:") == 0) return true;
  try {
    return HwmonCard(address, files).integrated();
  } catch (const HwmonError&) {
    return false;
  }
}

Facts hwmon_facts(const std::string& pci_bus_id, const FileTree& files) {
  Facts facts;
  const std::string driver = find_card(files, normal_pci_bus_id(pci_bus_id)).second;
  if (driver.empty()) return facts;
  facts.emplace_back("kernel_driver", driver);
  try {
    const HwmonCard card(pci_bus_id, files);
    add_fact(facts, "core_clock", card.core_mhz(), " MHz");
    add_fact(facts, "memory_clock", card.memory_mhz(), " MHz");
    add_fact(facts, "power", card.power_watts(), " W");
    add_fact(facts, "power_limit", card.power_limit_watts(), " W");
    add_fact(facts, "power_limit_default", card.power_limit_default_watts(), " W");
    add_fact(facts, "temperature", card.temperature_celsius(), " C");
  } catch (const HwmonError& error) {
    facts.emplace_back("hwmon", error.what());
  }
  return facts;
}

std::vector<std::pair<std::string, double>> hwmon_readings(const std::string& pci_bus_id, const FileTree& files) {
  std::vector<std::pair<std::string, double>> readings;
  try {
    const HwmonCard card(pci_bus_id, files);
    if (const auto value = card.core_mhz()) readings.emplace_back("core_mhz", *value);
    if (const auto value = card.power_watts()) readings.emplace_back("power_watts", *value);
    if (const auto value = card.temperature_celsius()) readings.emplace_back("temperature_celsius", *value);
  } catch (const HwmonError&) {
    readings.clear();
  }
  return readings;
}

}  // namespace whygpu
