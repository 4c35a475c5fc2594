#include "reports/regression/statistics/change_points.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>

#include "reports/results/statistics.h"

namespace whygpu {
namespace {

// Levels of the test when both sides are long enough to flip signs, and when one is shorter. Clipping correlates
// neighbours slightly, so pure noise passes more often than the first level: in up to 1% of series.
constexpr double kFlipSignificance = 0.0055;
constexpr double kShuffleSignificance = 0.0004;
constexpr std::size_t kEnoughToFlip = 9;
constexpr int kTrials = 1999;
constexpr std::size_t kNeighbours = 3;  // on each side; a level of kShortestLevel is a majority of its neighbourhood
constexpr std::size_t kNoiseNeighbours = 25;  // the noise may vary along a series
constexpr double kClip = 2.5;                 // in standard deviations
constexpr double kSpike = 8;                  // likewise; values further away are ignored

// Standard deviation of the noise from differences of neighbours, which a level change hardly affects.
double noise(std::span<const double> values) {
  std::vector<double> differences;
  for (std::size_t i = 1; i < values.size(); ++i) differences.push_back(values[i] - values[i - 1]);
  return differences.empty() ? 0 : 1.4826 * median_absolute_deviation(differences) / std::sqrt(2.0);
}

// The values within `reach` positions of `i`.
std::span<const double> around(std::span<const double> values, std::size_t i, std::size_t reach) {
  const std::size_t first = i < reach ? 0 : i - reach;
  return values.subspan(first, std::min(values.size(), i + reach + 1) - first);
}

// The noise at each position of a series.
std::vector<double> local_noise(std::span<const double> values) {
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) result[i] = noise(around(values, i, kNoiseNeighbours));
  return result;
}

// Each value clipped to kClip deviations around the median of its neighbourhood, spikes replaced by it (Hampel's
// filter, softened).
std::vector<double> clipped(std::span<const double> values, std::span<const double> noise) {
  std::vector<double> result(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double centre = median(around(values, i, kNeighbours));
    const double deviation = values[i] - centre;
    const double reach = std::fabs(deviation) > kSpike * noise[i] ? 0 : kClip * noise[i];
    result[i] = centre + std::clamp(deviation, -reach, reach);
  }
  return result;
}

struct Split {
  std::size_t index = 0;
  double difference = 0;  // of the means, normalised so that splits are comparable
};

Split best_split(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  double total = 0;
  for (const double value : values) total += value;
  Split best;
  double left = 0;
  for (std::size_t i = 1; i + kShortestLevel <= values.size(); ++i) {
    left += values[i - 1];
    if (i < kShortestLevel) continue;
    const auto count = static_cast<double>(i);
    const double difference =
        std::fabs(left / count - (total - left) / (n - count)) * std::sqrt(count * (n - count) / n);
    if (difference > best.difference) best = {i, difference};
  }
  return best;
}

class Finder {
 public:
  Finder(std::span<const double> values, std::span<const double> link_errors)
      : noise_(local_noise(values)),
        values_(clipped(values, noise_)),
        link_errors_(link_errors.begin(), link_errors.end()) {}

  std::vector<ChangePoint> find() {
    divide(0, values_.size());
    return found_;
  }

 private:
  void divide(std::size_t first, std::size_t last) {
    if (last - first < 2 * kShortestLevel) return;
    const Split split = best_split(std::span(values_).subspan(first, last - first));
    if (split.difference == 0) return;
    const bool long_levels = std::min(split.index, last - first - split.index) >= kEnoughToFlip;
    const auto p = long_levels ? flipped_as_large(first, last, split) : shuffled_as_large(first, last, split);
    if (!p) return;
    const std::size_t index = first + split.index;
    divide(first, index);
    found_.push_back({.index = index, .p = *p});
    divide(index, last);
  }

  // Random sign flips about the median: exact for symmetric noise, even if it varies along the series.
  std::optional<double> flipped_as_large(std::size_t first, std::size_t last, const Split& split) {
    const double centre = median(std::span(values_).subspan(first, last - first));
    return share_as_large(first, last, split, kFlipSignificance, [&](std::span<double> made_up) {
      std::uint64_t bits = 0;
      for (std::size_t i = 0; i < made_up.size(); ++i, bits >>= 1) {
        if (i % 64 == 0) bits = random_();
        const double deviation = values_[first + i] - centre;
        made_up[i] = (bits & 1) != 0 ? deviation : -deviation;
      }
    });
  }

  // A level of k values keeps its sign in one of 2^(k-1) flips, too often when k is small. Shuffling breaks it up; the
  // values are shuffled in units of the local noise.
  std::optional<double> shuffled_as_large(std::size_t first, std::size_t last, const Split& split) {
    const double centre = median(std::span(values_).subspan(first, last - first));
    std::vector<double> units(last - first);
    for (std::size_t i = 0; i < units.size(); ++i) units[i] = (values_[first + i] - centre) / unit(first + i);
    return share_as_large(first, last, split, kShuffleSignificance, [&](std::span<double> made_up) {
      std::shuffle(units.begin(), units.end(), random_);
      for (std::size_t i = 0; i < made_up.size(); ++i) made_up[i] = units[i] * unit(first + i);
    });
  }

  // Share of series from `make_up`, with link errors added, whose best split is as large as `split`; nullopt as
  // soon as it is clear that it is above `significance`.
  template <class F>
  std::optional<double> share_as_large(std::size_t first, std::size_t last, const Split& split, double significance,
                                       F&& make_up) {
    std::vector<double> made_up(last - first);
    int as_large = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
      make_up(made_up);
      add_walk(made_up, first);
      if (best_split(made_up).difference >= split.difference && ++as_large >= significance * kTrials)
        return std::nullopt;
    }
    return static_cast<double>(as_large + 1) / (kTrials + 1);
  }

  void add_walk(std::span<double> values, std::size_t first) {
    if (link_errors_.empty()) return;
    double walk = 0;
    for (std::size_t i = 1; i < values.size(); ++i) {
      walk += link_errors_[first + i] * normal_(random_);
      values[i] += walk;
    }
  }

  // Noiseless series are shuffled as they are.
  double unit(std::size_t i) const { return noise_[i] > 0 ? noise_[i] : 1; }

  std::vector<double> noise_;
  std::vector<double> values_;
  std::vector<double> link_errors_;
  std::mt19937_64 random_{20240229};
  std::normal_distribution<double> normal_;
  std::vector<ChangePoint> found_;
};

}  // namespace

std::vector<ChangePoint> find_change_points(std::span<const double> values, std::span<const double> link_errors) {
  if (!link_errors.empty() && link_errors.size() != values.size()) {
    throw std::invalid_argument("change points: one link error per value required");
  }
  auto found = Finder(values, link_errors).find();
  std::size_t level_begin = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::size_t level_end = i + 1 < found.size() ? found[i + 1].index : values.size();
    found[i].before = median(values.subspan(level_begin, found[i].index - level_begin));
    found[i].after = median(values.subspan(found[i].index, level_end - found[i].index));
    level_begin = found[i].index;
  }
  return found;
}

}  // namespace whygpu
