#include "reports/regression/paired.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "reports/regression/normal.h"

namespace whygpu {
namespace {

// Efficiency of the signed-rank test against the t-test for normal values is 3/π: it needs 1.05 times the values.
constexpr double kSignedRankCost = 1.0471975511965976;

std::vector<double> walsh_averages(std::span<const double> d) {
  if (d.empty()) throw std::invalid_argument("an estimate needs at least one pair");
  std::vector<double> averages;
  averages.reserve(d.size() * (d.size() + 1) / 2);
  for (std::size_t i = 0; i < d.size(); ++i) {
    for (std::size_t j = i; j < d.size(); ++j) averages.push_back((d[i] + d[j]) / 2);
  }
  return averages;
}

// probability[t] = P(sum of a random subset of `ranks` = t); every subset is equally likely.
std::vector<double> subset_sum_distribution(std::span<const std::size_t> ranks) {
  std::vector<double> probability{1.0};
  for (const std::size_t rank : ranks) {
    const std::size_t before = probability.size();
    probability.resize(before + rank, 0.0);
    for (std::size_t sum = probability.size(); sum-- > 0;) {
      const double without = sum < before ? probability[sum] : 0.0;
      const double with = sum >= rank ? probability[sum - rank] : 0.0;
      probability[sum] = (without + with) / 2;
    }
  }
  return probability;
}

// How many of the smallest of the n(n+1)/2 sorted averages lie below the interval; nothing when n is too small.
std::optional<std::size_t> averages_outside(std::size_t n, double confidence) {
  static std::mutex mutex;
  static std::map<std::pair<std::size_t, double>, std::optional<std::size_t>> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find({n, confidence}); found != known.end()) return found->second;

  std::vector<std::size_t> ranks(n);
  for (std::size_t i = 0; i < n; ++i) ranks[i] = i + 1;
  const auto probability = subset_sum_distribution(ranks);
  double below = 0;  // P(T <= t - 1)
  std::size_t t = 0;
  while (below + probability[t] <= (1 - confidence) / 2) below += probability[t++];
  const auto outside = t == 0 ? std::nullopt : std::optional(t);
  known[{n, confidence}] = outside;
  return outside;
}

}  // namespace

double hodges_lehmann(std::span<const double> d) {
  auto averages = walsh_averages(d);
  const auto middle = averages.begin() + static_cast<std::ptrdiff_t>(averages.size() / 2);
  std::nth_element(averages.begin(), middle, averages.end());
  if (averages.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(averages.begin(), middle)) / 2;
}

double signed_rank_p(std::span<const double> d, double centre) {
  std::vector<double> shifted;
  for (const double value : d) {
    if (value != centre) shifted.push_back(value - centre);
  }
  std::sort(shifted.begin(), shifted.end(), [](double a, double b) { return std::fabs(a) < std::fabs(b); });

  // Ranks are doubled, so that the mean rank of ties is a whole number.
  std::vector<std::size_t> ranks(shifted.size());
  std::size_t above = 0;
  for (std::size_t first = 0; first < shifted.size();) {
    std::size_t last = first;
    while (last + 1 < shifted.size() && std::fabs(shifted[last + 1]) == std::fabs(shifted[first])) ++last;
    for (std::size_t i = first; i <= last; ++i) {
      ranks[i] = first + last + 2;
      if (shifted[i] > 0) above += ranks[i];
    }
    first = last + 1;
  }
  const auto probability = subset_sum_distribution(ranks);
  double tail = 0;
  for (std::size_t sum = probability.size(); sum-- > above;) tail += probability[sum];
  return std::min(tail, 1.0);
}

std::optional<Interval> signed_rank_interval(std::span<const double> d, double confidence) {
  const auto outside = averages_outside(d.size(), confidence);
  if (!outside) return std::nullopt;
  auto averages = walsh_averages(d);
  std::sort(averages.begin(), averages.end());
  return Interval{averages[*outside - 1], averages[averages.size() - *outside]};
}

double scatter(std::span<const double> d) { return 1.4826 * median_absolute_deviation(d); }

std::size_t pairs_needed(double scatter, double size, double alpha, double power) {
  const double standard_errors = normal_quantile(1 - alpha) + normal_quantile(power);
  const double n = kSignedRankCost * std::pow(standard_errors * scatter / size, 2);
  // Below this no outcome is rare enough, however clear.
  const double fewest = std::ceil(-std::log2(alpha));
  return static_cast<std::size_t>(std::ceil(std::max(n, fewest)));
}

}  // namespace whygpu
