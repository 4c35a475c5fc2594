// The smallest slowdown of a case that the gate detects.
#pragma once

#include <cstddef>
#include <span>

namespace whygpu {

// A look at the pairs of a case: their number, and the one-sided level of the signed-rank test.
struct PlannedLook {
  std::size_t pairs = 0;
  double level = 0;  // 0: the look can call the case same, but not slower
};

// The smallest log-ratio detected in at least `power` of cases with this scatter of normal pairs by the last of `looks`
// (in order, at least one): the test passes and the estimate is at least `limit` at one of them, and at none before
// is the 95% interval below the limit. Infinite when no look can detect anything. Deterministic.
double visible_change(double scatter, double limit, std::span<const PlannedLook> looks, double power = 0.95);

}  // namespace whygpu
