#include "reports/regression/change_points.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>

#include "reports/statistics.h"

namespace whygpu {
namespace {

constexpr double kSignificance = 0.006;
constexpr int kFlips = 1999;
constexpr std::size_t kNeighbours = 3;  // on each side; a level of kShortestLevel is a majority of its neighbourhood
constexpr std::size_t kNoiseNeighbours = 25;  // the noise may grow and shrink along a series
constexpr double kClip = 2.5;           // in standard deviations

// Standard deviation of the noise, from the differences of neighbours, which a change of level hardly touches.
double noise(std::span<const double> values) {
  std::vector<double> differences;
  for (std::size_t i = 1; i < values.size(); ++i) differences.push_back(values[i] - values[i - 1]);
  return differences.empty() ? 0 : 1.4826 * median_absolute_deviation(differences) / std::sqrt(2.0);
}

// The values within `reach` places of `i`.
std::span<const double> around(std::span<const double> values, std::size_t i, std::size_t reach) {
  const std::size_t first = i < reach ? 0 : i - reach;
  return values.subspan(first, std::min(values.size(), i + reach + 1) - first);
}

// Each value held within kClip deviations of the median of its neighbourhood (Hampel's filter, softened).
std::vector<double> clipped(std::span<const double> values) {
  std::vector<double> result(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double reach = kClip * noise(around(values, i, kNoiseNeighbours));
    const double centre = median(around(values, i, kNeighbours));
    result[i] = std::clamp(values[i], centre - reach, centre + reach);
  }
  return result;
}

struct Split {
  std::size_t index = 0;
  double difference = 0;  // of the means, in units that make every split of equal values alike
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

// What is left of `values` when each side of the split gives up its mean, scaled to the variance that `values` have: noise
// that keeps its growth and shrinkage along the series.
std::vector<double> residuals(std::span<const double> values, std::size_t split) {
  const auto mean = [](std::span<const double> part) {
    return std::accumulate(part.begin(), part.end(), 0.0) / static_cast<double>(part.size());
  };
  const auto squares = [](std::span<const double> part) {
    return std::inner_product(part.begin(), part.end(), part.begin(), 0.0);
  };
  std::vector<double> result(values.begin(), values.end());
  const auto centre = [&](std::span<double> part, double by) {
    for (double& value : part) value -= by;
  };
  centre(result, mean(values));
  const double variance = squares(result);
  centre(std::span(result).first(split), mean(std::span(result).first(split)));
  centre(std::span(result).subspan(split), mean(std::span(result).subspan(split)));
  const double left = squares(result);
  for (double& value : result) value *= left > 0 ? std::sqrt(variance / left) : 0;
  return result;
}

class Finder {
 public:
  Finder(std::span<const double> values, std::span<const double> link_errors)
      : values_(clipped(values)), link_errors_(link_errors.begin(), link_errors.end()) {}

  std::vector<ChangePoint> find() {
    divide(0, values_.size());
    return found_;
  }

 private:
  void divide(std::size_t first, std::size_t last) {
    if (last - first < 2 * kShortestLevel) return;
    const std::span<const double> segment(values_.data() + first, last - first);
    const Split split = best_split(segment);
    if (split.difference == 0) return;
    const auto p = flipped_as_large(segment, first, split);
    if (!p) return;
    const std::size_t index = first + split.index;
    divide(first, index);
    found_.push_back({.index = index, .p = *p});
    divide(index, last);
  }

  // Share of flipped series with a split at least as large; nothing as soon as it is clear that they are too many.
  std::optional<double> flipped_as_large(std::span<const double> segment, std::size_t first, const Split& split) {
    constexpr int kTooMany = static_cast<int>(kSignificance * (kFlips + 1));
    const auto noise = residuals(segment, split.index);
    std::vector<double> flipped(segment.size());
    int as_large = 0;
    for (int flip = 0; flip < kFlips; ++flip) {
      double walk = 0;
      std::uint64_t bits = 0;
      for (std::size_t i = 0; i < segment.size(); ++i, bits >>= 1) {
        if (i % 64 == 0) bits = random_();
        if (i > 0 && !link_errors_.empty()) walk += link_errors_[first + i] * normal_(random_);
        flipped[i] = ((bits & 1) != 0 ? noise[i] : -noise[i]) + walk;
      }
      if (best_split(flipped).difference >= split.difference && ++as_large >= kTooMany) return std::nullopt;
    }
    return static_cast<double>(as_large + 1) / (kFlips + 1);
  }

  std::vector<double> values_;
  std::vector<double> link_errors_;
  std::mt19937_64 random_{20240229};
  std::normal_distribution<double> normal_;
  std::vector<ChangePoint> found_;
};

}  // namespace

std::vector<ChangePoint> find_change_points(std::span<const double> values, std::span<const double> link_errors) {
  if (!link_errors.empty() && link_errors.size() != values.size()) {
    throw std::invalid_argument("change points: every value needs its link error");
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
