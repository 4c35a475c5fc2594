// Cost of performance. All amounts are in US dollars.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace whygpu {

// Prices given by the user.
struct Prices {
  std::optional<double> device = {};  // --price: of the device, new
  std::optional<double> kwh = {};     // --kwh: of one kilowatt-hour
  std::optional<double> hourly = {};  // --hourly: rent of the machine, per hour
};

// Device name to an amount in dollars.
using DevicePrices = std::map<std::string, double>;

// The same for several devices, by their names in the result files.
struct PriceList {
  DevicePrices devices = {};
  DevicePrices rents = {};
  std::optional<double> kwh = {};

  Prices of(const std::string& device) const;
};

// Time of continuous work over which a device is paid off.
inline constexpr double kServiceYears = 3;

// An amount, and in words what it includes and excludes.
struct Cost {
  double dollars = 0;
  std::string how;
};

// Device price per GFLOP/s delivered. nullopt without a price.
std::optional<double> dollars_per_gflops(const std::optional<double>& device_price, double flops_per_second);

// One operation of `seconds`. Rent when there is a rate; else the device's share over its service life, plus energy
// when joules and the price of power are known. nullopt when neither rent nor price is known.
std::optional<Cost> cost_of_operation(const Prices& prices, double seconds, std::optional<double> joules);

}  // namespace whygpu
