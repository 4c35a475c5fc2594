// Tests for paired measurements: d = ln(head / base), one value per pair, with random order within each pair.
//
// The random order makes d symmetric about 0 for two copies of the same code, whatever else the machine does,
// so a signed-rank test is exact with any scores. Wilcoxon's scores are the ranks of |d|, and a few pairs disturbed
// by other load outweigh the rest. Here ranks are capped at the middle one: the farther half of the pairs have equal
// weight. Formulas: Hollander, Wolfe, Chicken, Nonparametric Statistical Methods, section 3; for scores that are not
// ranks, Hettmansperger, McKean, Robust Nonparametric Statistical Methods, section 1.8.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "reports/results/statistics.h"

namespace whygpu {

// Scores are capped at this share of n ranks.
inline constexpr double kRankCap = 0.5;
inline constexpr double kWilcoxon = 1;

// Efficiency for normal values relative to their mean: (∫ s(u) Φ⁻¹((1 + u) / 2) du)² / ∫ s(u)² du over 0 < u < 1 with
// the scores s(u) = min(u, kRankCap). Wilcoxon's is 3/π.
inline constexpr double kEfficiency = 0.8316;

// The centre with equal sums of scores above and below it (Hodges-Lehmann); for Wilcoxon's scores, the median of the
// averages (d[i] + d[j]) / 2 over i <= j. Throws std::invalid_argument when `d` is empty.
double hodges_lehmann(std::span<const double> d, double cap = kRankCap);

// P(T >= t) of the exact signed-rank test, where T is the sum of the scores of |d - centre| over d > `centre`: small if
// the values lie above it. Ties share their mean rank, capped; values at the centre are dropped. 1 when none remain.
double signed_rank_p(std::span<const double> d, double centre = 0, double cap = kRankCap);

// The values that the two-sided signed-rank test at 1 - `confidence` does not reject, if no two |d| are tied. nullopt
// when there are too few values for that confidence; 95% needs 6.
std::optional<Interval> signed_rank_interval(std::span<const double> d, double confidence = 0.95,
                                             double cap = kRankCap);

// 1.4826 · MAD: a robust estimate of the standard deviation of normal values.
double scatter(std::span<const double> d);

}  // namespace whygpu
