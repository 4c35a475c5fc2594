#include "reports/charts/sample_groups.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "reports/results/statistics.h"

namespace whygpu {

std::optional<TwoGroups> two_groups(std::vector<double> samples) {
  constexpr std::size_t kFewest = 20;
  constexpr double kLeastShare = 0.1, kLeastRatio = 1.05, kLeastSeparation = 5;
  std::erase_if(samples, [](double sample) { return !(sample > 0); });
  if (samples.size() < kFewest) return std::nullopt;
  std::ranges::sort(samples);
  const auto n = static_cast<double>(samples.size());
  double total = 0, total_squares = 0;
  for (const double sample : samples) {
    const double x = std::log(sample / samples.front());
    total += x;
    total_squares += x * x;
  }
  // The split that leaves the least variance inside the groups.
  double sum = 0, squares = 0, least = INFINITY, distance = 0;
  std::size_t split = 0;
  for (std::size_t i = 0; i + 1 < samples.size(); ++i) {
    const double x = std::log(samples[i] / samples.front());
    sum += x;
    squares += x * x;
    const double a = static_cast<double>(i + 1), b = n - a;
    if (std::min(a, b) < kLeastShare * n) continue;
    const double mean_a = sum / a, mean_b = (total - sum) / b;
    const double variance_a = squares / a - mean_a * mean_a,
                 variance_b = (total_squares - squares) / b - mean_b * mean_b;
    const double within = a * variance_a + b * variance_b;
    if (within >= least) continue;
    least = within;
    split = i + 1;
    distance = std::sqrt(2.0) * (mean_b - mean_a) / std::sqrt(std::max(variance_a + variance_b, 1e-12));
  }
  if (split == 0 || distance < kLeastSeparation) return std::nullopt;
  const std::span<const double> sorted(samples);
  const TwoGroups groups{median(sorted.first(split)), median(sorted.subspan(split)),
                         1 - static_cast<double>(split) / n};
  if (groups.high < groups.low * kLeastRatio) return std::nullopt;
  return groups;
}

}  // namespace whygpu
