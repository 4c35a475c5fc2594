// Judging paired measurements: d = ln(head / base), one value a pair, order random within each pair.
//
// The random order makes d symmetric about 0 when two copies of the same code run alike, whatever the machine does
// meanwhile, so a signed-rank test is exact with any scores. Wilcoxon's are the ranks of |d|, and a few pairs that a
// neighbour hit outweigh the rest. Here ranks count up to the middle one only: the farther half of the pairs weigh
// alike. Formulas: Hollander, Wolfe, Chicken, Nonparametric Statistical Methods, section 3; for scores that are not
// ranks, Hettmansperger, McKean, Robust Nonparametric Statistical Methods, section 1.8.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "reports/results/statistics.h"

namespace whygpu {

// The share of n ranks that count; those above weigh as much as the last that does.
inline constexpr double kRankCap = 0.5;
inline constexpr double kWilcoxon = 1;

// Efficiency for normal values, against their mean: (∫ s(u) Φ⁻¹((1 + u) / 2) du)² / ∫ s(u)² du over 0 < u < 1 with the
// scores s(u) = min(u, kRankCap). Wilcoxon's is 3/π.
inline constexpr double kEfficiency = 0.8316;

// The centre above and below which the scores add up to the same (Hodges-Lehmann); for Wilcoxon's, the median of the
// averages (d[i] + d[j]) / 2 over i <= j. Throws std::invalid_argument when `d` is empty.
double hodges_lehmann(std::span<const double> d, double cap = kRankCap);

// P(T >= t) of the exact signed-rank test, T being the sum of the scores of |d - centre| over d > `centre`: small where
// the values lie above it. Ties share their mean rank, capped; values at the centre are left out. 1 when none is left.
double signed_rank_p(std::span<const double> d, double centre = 0, double cap = kRankCap);

// The values that the two-sided signed-rank test at 1 - `confidence` does not reject, if no two |d| are tied. Nothing
// when there are too few values for that confidence; 6 are enough for 95%.
std::optional<Interval> signed_rank_interval(std::span<const double> d, double confidence = 0.95,
                                             double cap = kRankCap);

// 1.4826 · MAD: the standard deviation of normal values, unmoved by a few wild ones.
double scatter(std::span<const double> d);

}  // namespace whygpu
