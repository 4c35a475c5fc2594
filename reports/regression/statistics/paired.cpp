#include "reports/regression/statistics/paired.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace whygpu {
namespace {

// The largest score.
std::size_t highest_score(std::size_t n, double cap) {
  return static_cast<std::size_t>(std::ceil(cap * static_cast<double>(n)));
}

std::vector<double> walsh_averages(std::span<const double> d) {
  if (d.empty()) throw std::invalid_argument("an estimate needs at least one pair");
  std::vector<double> averages;
  averages.reserve(d.size() * (d.size() + 1) / 2);
  for (std::size_t i = 0; i < d.size(); ++i) {
    for (std::size_t j = i; j < d.size(); ++j) averages.push_back((d[i] + d[j]) / 2);
  }
  std::sort(averages.begin(), averages.end());
  return averages;
}

// probability[t] = P(sum of a random subset of `scores` = t); every subset is equally likely.
std::vector<double> subset_sum_distribution(std::span<const std::size_t> scores) {
  std::vector<double> probability{1.0};
  for (const std::size_t score : scores) {
    const std::size_t before = probability.size();
    probability.resize(before + score, 0.0);
    for (std::size_t sum = probability.size(); sum-- > 0;) {
      const double without = sum < before ? probability[sum] : 0.0;
      const double with = sum >= score ? probability[sum - score] : 0.0;
      probability[sum] = (without + with) / 2;
    }
  }
  return probability;
}

// The scores of n values without ties.
std::vector<std::size_t> scores_of(std::size_t n, double cap) {
  std::vector<std::size_t> scores(n);
  for (std::size_t i = 0; i < n; ++i) scores[i] = std::min(i + 1, highest_score(n, cap));
  return scores;
}

// The largest sum t with P(T < t) <= `tail` for n values without ties; 0 when even T = 0 is more likely.
std::size_t lowest_likely_sum(std::size_t n, double tail, double cap) {
  static std::mutex mutex;
  static std::map<std::tuple<std::size_t, double, double>, std::size_t> known;
  const std::lock_guard lock(mutex);
  const auto [found, is_new] = known.try_emplace({n, tail, cap}, 0);
  if (!is_new) return found->second;
  const auto probability = subset_sum_distribution(scores_of(n, cap));
  double below = 0;
  std::size_t& t = found->second;
  while (below + probability[t] <= tail) below += probability[t++];
  return t;
}

// The sum of the scores of the values above a centre, as the centre rises. It changes only at the averages of two
// values, so step k is a centre between the k lowest averages and the others.
class ScoreSum {
 public:
  ScoreSum(std::span<const double> d, double cap)
      : sorted_(d.begin(), d.end()), averages_(walsh_averages(d)), scores_(scores_of(d.size(), cap)) {
    std::sort(sorted_.begin(), sorted_.end());
  }

  std::size_t total() const { return std::accumulate(scores_.begin(), scores_.end(), std::size_t{0}); }

  // The first average at which the sum satisfies `low_enough`.
  template <class F>
  double falls_at(F&& low_enough) const {
    std::size_t high = 0, low = averages_.size();  // steps; at `low` nothing is above the centre
    while (low - high > 1) {
      const std::size_t middle = (low + high) / 2;
      (low_enough(above((averages_[middle - 1] + averages_[middle]) / 2)) ? low : high) = middle;
    }
    return averages_[low - 1];
  }

 private:
  std::size_t above(double centre) const {
    auto right = static_cast<std::size_t>(std::upper_bound(sorted_.begin(), sorted_.end(), centre) - sorted_.begin());
    std::size_t left = right, sum = 0;
    for (const std::size_t score : scores_) {
      const bool take_left =
          right == sorted_.size() || (left > 0 && centre - sorted_[left - 1] < sorted_[right] - centre);
      if (take_left) {
        --left;
      } else {
        ++right;
        sum += score;
      }
    }
    return sum;
  }

  std::vector<double> sorted_, averages_;
  std::vector<std::size_t> scores_;
};

}  // namespace

double hodges_lehmann(std::span<const double> d, double cap) {
  const ScoreSum sum(d, cap);
  const std::size_t total = sum.total();
  return (sum.falls_at([&](std::size_t above) { return 2 * above <= total; }) +
          sum.falls_at([&](std::size_t above) { return 2 * above < total; })) /
         2;
}

double signed_rank_p(std::span<const double> d, double centre, double cap) {
  std::vector<double> shifted;
  for (const double value : d) {
    if (value != centre) shifted.push_back(value - centre);
  }
  std::sort(shifted.begin(), shifted.end(), [](double a, double b) { return std::fabs(a) < std::fabs(b); });

  // Scores are doubled so that the mean rank of ties is an integer.
  const std::size_t highest = 2 * highest_score(shifted.size(), cap);
  std::vector<std::size_t> scores(shifted.size());
  std::size_t above = 0;
  for (std::size_t first = 0; first < shifted.size();) {
    std::size_t last = first;
    while (last + 1 < shifted.size() && std::fabs(shifted[last + 1]) == std::fabs(shifted[first])) ++last;
    for (std::size_t i = first; i <= last; ++i) {
      scores[i] = std::min(first + last + 2, highest);
      if (shifted[i] > 0) above += scores[i];
    }
    first = last + 1;
  }
  const auto probability = subset_sum_distribution(scores);
  double tail = 0;
  for (std::size_t sum = probability.size(); sum-- > above;) tail += probability[sum];
  return std::min(tail, 1.0);
}

std::optional<Interval> signed_rank_interval(std::span<const double> d, double confidence, double cap) {
  const std::size_t lowest = lowest_likely_sum(d.size(), (1 - confidence) / 2, cap);
  if (lowest == 0) return std::nullopt;
  const ScoreSum sum(d, cap);
  const std::size_t highest = sum.total() - lowest;
  return Interval{sum.falls_at([&](std::size_t above) { return above <= highest; }),
                  sum.falls_at([&](std::size_t above) { return above < lowest; })};
}

double scatter(std::span<const double> d) { return 1.4826 * median_absolute_deviation(d); }

}  // namespace whygpu
