// Vendor specifications and prices of devices. Nominal values are shown beside measured ones, never in their
// place.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reports/results/records.h"

namespace whygpu {

// Thrown for an invalid catalogue; what() names the file and the location in it.
class CatalogueError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The source of values. `read` is the date on which the page was read.
struct CatalogueSource {
  std::vector<std::string> fields;
  std::string url, read;
  std::string derived;  // how the value follows from the page, when not stated directly
};

enum class CatalogueKind : std::uint8_t { gpu, cpu };
constexpr auto enum_names(CatalogueKind) { return std::array<std::string_view, 2>{"gpu", "cpu"}; }

struct CatalogueDevice {
  std::string name;
  std::vector<std::string> match;  // names reported by drivers
  CatalogueKind kind = CatalogueKind::gpu;
  std::map<std::string, double> flops;  // dense peak by dtype, FLOP/s; dtypes without a source are left out
  std::optional<double> bandwidth;      // B/s
  std::optional<double> memory_bytes;
  std::optional<double> power_watts;            // of the board or socket
  std::optional<double> launch_price_usd;       // US dollars, the one currency of all reports
  std::string generation;                       // "ampere", "cdna3", "zen4"; empty when unknown
  std::optional<int> multiprocessors;           // SMs, compute units or Xe cores
  std::optional<double> boost_clock_hz;         // the highest that the maker states
  std::optional<double> l2_bytes;               // the last level that all multiprocessors share before L3 or memory
  std::optional<double> pcie_bytes_per_second;  // one direction, of the slot that the card takes
  std::string launched;                         // "YYYY-MM"; empty when unknown
  std::string note;
  std::vector<CatalogueSource> sources;
};

class Catalogue {
 public:
  // The built-in list: reports/catalogue/devices.json.
  static Catalogue standard();

  // Adds the devices of a file, replacing those with the same name. Throws CatalogueError.
  void add(const std::filesystem::path& file);
  void add_text(std::string_view json_text, const std::string& name);  // the same; `name` is that of the file

  // The device that a driver, or the catalogue, calls `reported`; null when there is none.
  const CatalogueDevice* find(std::string_view reported) const;

  // Measured over nominal; nullopt when the catalogue has no such value.
  std::optional<double> fraction_of_nominal(const CeilingRecord& ceiling) const;

  const std::vector<CatalogueDevice>& devices() const { return devices_; }

 private:
  std::vector<CatalogueDevice> devices_;
};

}  // namespace whygpu
