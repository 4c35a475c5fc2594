// Where a series of measurements changes its level for good.
//
// Divisive, as E-divisive is (Matteson and James, 2014): find the split whose sides differ most, keep it when series
// made up from the same noise hardly ever show as large a difference, go on inside both sides. The difference is the
// standardised one of the means of values clipped to their neighbourhood, which costs O(n) a trial and is blind to
// lonely spikes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace whygpu {

struct ChangePoint {
  std::size_t index = 0;  // first value of the new level
  double before = 0;      // median level from the change point before to this one
  double after = 0;       // and from this one to the next
  double p = 1;           // share of made-up series with as large a difference
};

// A level is at least this many values long: fewer are an excursion.
inline constexpr std::size_t kShortestLevel = 4;

// Change points in order. `link_errors` is empty, or holds for every value the standard error of the step that leads to
// it where the series is a chain of measured steps: the errors add up along the chain, so made-up series carry such a
// random walk too. Deterministic. Throws std::invalid_argument when the lengths differ.
std::vector<ChangePoint> find_change_points(std::span<const double> values, std::span<const double> link_errors = {});

}  // namespace whygpu
