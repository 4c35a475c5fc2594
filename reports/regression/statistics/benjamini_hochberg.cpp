#include "reports/regression/statistics/benjamini_hochberg.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace whygpu {

std::vector<double> false_discovery_rates(std::span<const double> p) {
  std::vector<std::size_t> falling(p.size());
  std::iota(falling.begin(), falling.end(), std::size_t{0});
  std::sort(falling.begin(), falling.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });

  std::vector<double> rates(p.size());
  double smallest = 1;
  for (std::size_t i = 0; i < falling.size(); ++i) {
    const auto rank = static_cast<double>(p.size() - i);
    smallest = std::min(smallest, p[falling[i]] * static_cast<double>(p.size()) / rank);
    rates[falling[i]] = smallest;
  }
  return rates;
}

}  // namespace whygpu
