// Judging paired measurements: d = ln(head / base), one value a pair, order random within each pair.
//
// The random order makes d symmetric about 0 when both sides are the same code, whatever the machine does meanwhile, so
// the signed-rank test is exact. Formulas: Hollander, Wolfe, Chicken, Nonparametric Statistical Methods, section 3.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "reports/statistics.h"

namespace whygpu {

// Median of the averages (d[i] + d[j]) / 2 over i <= j (Hodges-Lehmann). Throws std::invalid_argument when `d` is
// empty.
double hodges_lehmann(std::span<const double> d);

// P(T >= t) of the exact Wilcoxon signed-rank test, T being the sum of the ranks of |d| over d > `centre`: small where
// the values lie above it. Ties share their mean rank; values at the centre are left out. 1 when none is left.
double signed_rank_p(std::span<const double> d, double centre = 0);

// The values that the two-sided signed-rank test at 1 - `confidence` does not reject. Nothing when there are too few
// values for that confidence; 6 are enough for 95%.
std::optional<Interval> signed_rank_interval(std::span<const double> d, double confidence = 0.95);

// 1.4826 · MAD: the standard deviation of normal values, unmoved by a few wild ones.
double scatter(std::span<const double> d);

// Pairs after which a change of `size` (as a log-ratio) is found with probability `power` at one-sided level `alpha`.
std::size_t pairs_needed(double scatter, double size, double alpha, double power);

}  // namespace whygpu
