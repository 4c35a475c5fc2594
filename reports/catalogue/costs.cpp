#include "reports/catalogue/costs.h"

namespace whygpu {
namespace {

constexpr double kSecondsPerHour = 3600;
constexpr double kSecondsPerYear = 365.25 * 24 * kSecondsPerHour;
constexpr double kJoulesPerKwh = 3.6e6;

std::optional<double> amount(const DevicePrices& prices, const std::string& device) {
  const auto found = prices.find(device);
  return found == prices.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

Prices PriceList::of(const std::string& device) const { return {amount(devices, device), kwh, amount(rents, device)}; }

std::optional<double> dollars_per_gflops(const std::optional<double>& device_price, double flops_per_second) {
  if (!device_price || !(flops_per_second > 0)) return std::nullopt;
  return *device_price / (flops_per_second / 1e9);
}

std::optional<Cost> cost_of_operation(const Prices& prices, double seconds, std::optional<double> joules) {
  if (prices.hourly) return Cost{*prices.hourly * seconds / kSecondsPerHour, "rent, power included"};
  if (!prices.device) return std::nullopt;
  Cost cost{*prices.device * seconds / (kServiceYears * kSecondsPerYear),
            "device price spread over 3 years of continuous work"};
  if (prices.kwh && joules) {
    cost.dollars += *prices.kwh * *joules / kJoulesPerKwh;
    cost.how += ", plus measured energy";
  } else {
    cost.how += prices.kwh ? ", without energy (not measured)" : ", without energy (no --kwh)";
  }
  return cost;
}

}  // namespace whygpu
