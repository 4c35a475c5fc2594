#include "reports/results/statistics.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace whygpu {
namespace {

std::vector<double> sorted(std::span<const double> values) {
  if (values.empty()) throw std::invalid_argument("statistics need at least one value");
  std::vector<double> result(values.begin(), values.end());
  if (std::any_of(result.begin(), result.end(), [](double value) { return std::isnan(value); })) {
    throw std::invalid_argument("statistics of NaN: all values must be numbers");
  }
  std::sort(result.begin(), result.end());
  return result;
}

double quantile_of_sorted(const std::vector<double>& values, double fraction) {
  if (!(fraction >= 0 && fraction <= 1)) throw std::invalid_argument("quantile outside [0, 1]");
  const double position = fraction * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], position - static_cast<double>(below));
}

// Number of values to drop at each end of n sorted ones such that the rest covers the median with 95%. Boost rounds the
// quantile outwards, so the dropped tail holds at most 2.5%.
std::size_t values_outside(std::size_t n) {
  const boost::math::binomial values_below_median(static_cast<double>(n), 0.5);
  return static_cast<std::size_t>(quantile(values_below_median, 0.025));
}

}  // namespace

double quantile(std::span<const double> values, double fraction) {
  return quantile_of_sorted(sorted(values), fraction);
}

double median(std::span<const double> values) { return quantile(values, 0.5); }

double median_absolute_deviation(std::span<const double> values) {
  const double middle = median(values);
  std::vector<double> deviations(values.begin(), values.end());
  for (double& value : deviations) value = std::fabs(value - middle);
  return median(deviations);
}

std::optional<Interval> median_interval(std::span<const double> values) {
  if (values.size() < kFewestForInterval) return std::nullopt;
  const auto ordered = sorted(values);
  const std::size_t outside = values_outside(ordered.size());
  return Interval{ordered[outside], ordered[ordered.size() - 1 - outside]};
}

std::optional<double> relative_half_width(std::span<const double> values) {
  const auto interval = median_interval(values);
  if (!interval) return std::nullopt;
  const double middle = median(values);
  if (middle == 0) return std::nullopt;
  return (interval->high - interval->low) / 2 / std::fabs(middle);
}

}  // namespace whygpu
