// What the model needs to know about a card: nominal values, from the catalogue.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace whygpu {
struct CatalogueDevice;
}

namespace whygpu::projection {

// The libraries that a card is used with. The gap between a card and its nominal values narrowed with each.
enum class Libraries : std::uint8_t { of_2016, of_2017, since_2019 };

struct Card {
  std::string name;
  std::string generation;
  std::map<std::string, double> flops;  // dense peak by dtype, FLOP/s
  std::optional<double> multiprocessors;
  std::optional<double> boost_clock_hz;
  std::optional<double> bandwidth;  // B/s
  std::optional<double> memory_bytes;
  std::optional<double> pcie_bytes_per_second;  // one direction
  Libraries libraries = Libraries::since_2019;

  // GeForce and TITAN boards of Pascal to Turing run well above their rated boost clock. Later ones gain less, and
  // their f32 peak counts units that they share with integers.
  bool exceeds_rated_clock() const;
};

Card card_of(const CatalogueDevice& device);

Libraries libraries_of(std::string_view generation);

// Whether 16-bit products that are accumulated in f32 run faster than f32.
bool has_matrix_units(std::string_view generation);

}  // namespace whygpu::projection
