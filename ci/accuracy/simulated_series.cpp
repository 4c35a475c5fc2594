#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "ci/accuracy/commands.h"
#include "reports/regression/statistics/change_points.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

using Series = std::vector<double>;

class SeriesMaker {
 public:
  explicit SeriesMaker(std::uint64_t seed) : random_(seed) {}

  Series noise(std::size_t count) {
    Series values(count);
    for (double& value : values) value = normal_(random_);
    return values;
  }

  // Noise that grows from half to twice the spread.
  Series drifting(std::size_t count) {
    Series values = noise(count);
    for (std::size_t i = 0; i < count; ++i)
      values[i] *= 0.5 + 1.5 * static_cast<double>(i) / static_cast<double>(count);
    return values;
  }

  // One value in twenty is an outlier.
  Series outliers(std::size_t count) {
    Series values = noise(count);
    for (double& value : values) {
      if (below(20) == 0) value *= 6;
    }
    return values;
  }

  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
};

// The likelihood-ratio test of one step in normal noise of unknown spread: its best position, and the fraction of the
// sum of squares that it explains.
struct Step {
  std::size_t index = 0;
  double explained = 0;
};

Step likeliest_step(const Series& values) {
  const auto n = static_cast<double>(values.size());
  const double total = std::accumulate(values.begin(), values.end(), 0.0);
  double squares = -total * total / n;
  for (const double value : values) squares += value * value;
  Step best;
  double left = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    left += values[i - 1];
    const auto count = static_cast<double>(i);
    const double difference = left - total * count / n;
    const double explained = difference * difference * n / (count * (n - count)) / squares;
    if (i < kShortestLevel || values.size() - i < kShortestLevel || explained <= best.explained) continue;
    best = {i, explained};
  }
  return best;
}

// The fraction a step must explain at a significance level of 1%. This test assumes normal noise of constant spread;
// the finder assumes neither.
double likelihood_ratio_threshold(SeriesMaker& make, std::size_t count) {
  constexpr std::size_t kSeries = 20'000;
  std::vector<double> explained;
  for (std::size_t i = 0; i < kSeries; ++i) explained.push_back(likeliest_step(make.noise(count)).explained);
  return quantile(explained, 0.99);
}

bool any_within(const std::vector<ChangePoint>& found, std::size_t place, std::size_t reach) {
  return std::any_of(found.begin(), found.end(), [&](const ChangePoint& point) {
    return std::max(point.index, place) - std::min(point.index, place) <= reach;
  });
}

double share(std::size_t repetitions, const std::function<bool()>& trial) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < repetitions; ++i) count += trial() ? 1 : 0;
  return 100 * static_cast<double>(count) / static_cast<double>(repetitions);
}

}  // namespace

void simulate_series(std::size_t repetitions, std::uint64_t seed) {
  SeriesMaker make(seed);
  constexpr std::size_t kLengths[] = {30, 60, 100, 300, 1000};

  fmt::print(
      "Series without a change: those in which one is found ({} series a cell). A spike is 20 spreads high; found "
      "means at "
      "the spike.\n\n| points | noise | drifting noise | outliers | a spike found |\n|---|---|---|---|---|\n",
      repetitions);
  for (const std::size_t count : kLengths) {
    const double noise = share(repetitions, [&] { return !find_change_points(make.noise(count)).empty(); });
    const double drifting = share(repetitions, [&] { return !find_change_points(make.drifting(count)).empty(); });
    const double outliers = share(repetitions, [&] { return !find_change_points(make.outliers(count)).empty(); });
    const double spike = share(repetitions, [&] {
      Series values = make.noise(count);
      const std::size_t place = make.below(count);
      values[place] += 20;
      return any_within(find_change_points(values), place, 1);
    });
    fmt::print("| {} | {:.2f}% | {:.2f}% | {:.2f}% | {:.2f}% |\n", count, noise, drifting, outliers, spike);
  }

  fmt::print(
      "\nSteps found within 3 points, at least 10 points from both ends; ramps of 5 spreads over 10 points found at "
      "all.\n\n"
      "| points | 1 spread | 2 spreads | 2 spreads, likelihood ratio | 5 spreads | 2 spreads among outliers | ramp |\n"
      "|---|---|---|---|---|---|---|\n");
  for (const std::size_t count : kLengths) {
    const auto found_by = [&](const auto& finder, double size, Series values) {
      const std::size_t place = 10 + make.below(count - 20 + 1);
      for (std::size_t i = place; i < count; ++i) values[i] += size;
      return any_within(finder(values), place, 3);
    };
    const auto found_step = [&](double size, Series values) {
      return found_by([](const Series& v) { return find_change_points(v); }, size, std::move(values));
    };
    const double threshold = likelihood_ratio_threshold(make, count);
    const auto best_test = [&](const Series& v) {
      const Step step = likeliest_step(v);
      return step.explained >= threshold ? std::vector<ChangePoint>{{.index = step.index}} : std::vector<ChangePoint>{};
    };
    fmt::print("| {} |", count);
    fmt::print(" {:.1f}% |", share(repetitions, [&] { return found_step(1, make.noise(count)); }));
    fmt::print(" {:.1f}% |", share(repetitions, [&] { return found_step(2, make.noise(count)); }));
    fmt::print(" {:.1f}% |", share(20 * repetitions, [&] { return found_by(best_test, 2, make.noise(count)); }));
    fmt::print(" {:.1f}% |", share(repetitions, [&] { return found_step(5, make.noise(count)); }));
    fmt::print(" {:.1f}% |", share(repetitions, [&] { return found_step(2, make.outliers(count)); }));
    fmt::print(" {:.1f}% |\n", share(repetitions, [&] {
                 Series values = make.noise(count);
                 const std::size_t place = 5 + make.below(count - 20 + 1);
                 for (std::size_t i = place; i < count; ++i)
                   values[i] += 0.5 * static_cast<double>(std::min<std::size_t>(i - place, 10));
                 return any_within(find_change_points(values), place + 5, 8);
               }));
  }
}

}  // namespace whygpu
