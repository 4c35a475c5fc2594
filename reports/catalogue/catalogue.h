// What makers promise of their devices, and what that costs. Nominal values stand beside measured ones, never in their
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

// A catalogue that cannot be taken; what() names the file and the place in it.
class CatalogueError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where values come from. `read` is the day on which the page said so.
struct CatalogueSource {
  std::vector<std::string> fields;
  std::string url, read;
  std::string derived;  // how the value follows from what the page says, where it does not say it outright
};

enum class CatalogueKind : std::uint8_t { gpu, cpu };
constexpr auto enum_names(CatalogueKind) { return std::array<std::string_view, 2>{"gpu", "cpu"}; }

struct CatalogueDevice {
  std::string name;
  std::vector<std::string> match;  // names that drivers give it
  CatalogueKind kind = CatalogueKind::gpu;
  std::map<std::string, double> flops;  // dense peak by dtype, FLOP/s; dtypes without a source are left out
  std::optional<double> bandwidth;      // B/s
  std::optional<double> memory_bytes;
  std::optional<double> power_watts;  // of the board or socket
  std::optional<double> launch_price_usd;
  std::string note;
  std::vector<CatalogueSource> sources;
};

class Catalogue {
 public:
  // The list that comes with whygpu: reports/catalogue/devices.json.
  static Catalogue standard();

  // Adds the devices of a file; one that is there by name already is replaced. Throws CatalogueError.
  void add(const std::filesystem::path& file);

  // The device that a driver calls `reported`, or that is called so in the catalogue; null when there is none.
  const CatalogueDevice* find(std::string_view reported) const;

  // Measured over promised; nothing when the catalogue has no such value.
  std::optional<double> fraction_of_nominal(const CeilingRecord& ceiling) const;

  const std::vector<CatalogueDevice>& devices() const { return devices_; }

 private:
  void add_text(std::string_view json_text, const std::string& name);

  std::vector<CatalogueDevice> devices_;
};

}  // namespace whygpu
