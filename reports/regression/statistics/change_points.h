// Finds lasting changes of level in a series of measurements.
//
// Divisive, like E-divisive (Matteson and James, 2014): find the split whose sides differ most, keep it when series
// resampled from the same noise rarely show as large a difference, and recurse into both sides. The difference is the
// standardised difference of means of values clipped to their neighbourhood, which costs O(n) per trial and ignores
// isolated spikes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace whygpu {

struct ChangePoint {
  std::size_t index = 0;  // first value of the new level
  double before = 0;      // median level from the change point before to this one
  double after = 0;       // and from this one to the next
  double p = 1;           // share of resampled series with as large a difference
};

// Minimum length of a level; anything shorter is an excursion.
inline constexpr std::size_t kShortestLevel = 4;

// Change points in order. `link_errors` is empty, or holds for every value the standard error of the step that leads to
// it where the series is a chain of measured steps: the errors add up along the chain, so resampled series include
// such a random walk. Deterministic. Throws std::invalid_argument when the lengths differ.
std::vector<ChangePoint> find_change_points(std::span<const double> values, std::span<const double> link_errors = {});

}  // namespace whygpu
