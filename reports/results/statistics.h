// Order statistics of a few measured values. Nothing here assumes a distribution. Boost.Math has the median and the MAD
// of samples, which it reorders, but no quantile of them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace whygpu {

struct Interval {
  double low = 0;
  double high = 0;

  bool operator==(const Interval&) const = default;
};

// Fewest values with a 95% interval of the median: with five, even [min, max] covers only 93.75%.
inline constexpr std::size_t kFewestForInterval = 6;

// Value at `fraction` of the way through the sorted values, linear between neighbours (Hyndman and Fan, type 7).
// Throws std::invalid_argument when `values` is empty, holds a NaN, or fraction is outside [0, 1].
double quantile(std::span<const double> values, double fraction);

// The middle value, or the mean of the two in the middle. Throws as quantile() does.
double median(std::span<const double> values);

// Median of |value - median|, not scaled; multiply by 1.4826 for the standard deviation of normal values.
double median_absolute_deviation(std::span<const double> values);

// [x(k), x(n+1-k)] with the largest k for which 1 - 2·P(Binomial(n, 1/2) < k) is at least 0.95: it contains the
// population median with that probability for any distribution. nullopt when n < kFewestForInterval.
std::optional<Interval> median_interval(std::span<const double> values);

// Half the width of median_interval() as a fraction of the median. nullopt when there is no interval or the median is
// 0.
std::optional<double> relative_half_width(std::span<const double> values);

}  // namespace whygpu
