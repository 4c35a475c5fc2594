#include "reports/projection/card.h"

#include <algorithm>
#include <array>

#include "reports/catalogue/catalogue.h"

namespace whygpu::projection {
namespace {

template <std::size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 4> kBeforePascal{"tesla", "fermi", "kepler", "maxwell"};
constexpr std::array<std::string_view, 3> kRatedLow{"pascal", "volta", "turing"};

}  // namespace

bool Card::exceeds_rated_clock() const {
  const bool consumer = name.find("GeForce") != std::string::npos || name.find("TITAN") != std::string::npos;
  return consumer && among(kRatedLow, generation);
}

Card card_of(const CatalogueDevice& device) {
  Card card;
  card.name = device.name;
  card.generation = device.generation;
  card.flops = device.flops;
  if (device.multiprocessors) card.multiprocessors = *device.multiprocessors;
  card.boost_clock_hz = device.boost_clock_hz;
  card.bandwidth = device.bandwidth;
  card.memory_bytes = device.memory_bytes;
  card.pcie_bytes_per_second = device.pcie_bytes_per_second;
  card.libraries = libraries_of(device.generation);
  return card;
}

Libraries libraries_of(std::string_view generation) {
  if (among(kBeforePascal, generation)) return Libraries::of_2016;
  return generation == "pascal" || generation == "gcn" ? Libraries::of_2017 : Libraries::since_2019;
}

bool has_matrix_units(std::string_view generation) {
  return !among(kBeforePascal, generation) && generation != "pascal" && generation != "gcn";
}

}  // namespace whygpu::projection
