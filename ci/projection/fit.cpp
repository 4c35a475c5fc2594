#include "ci/projection/fit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace whygpu::projection {
namespace {

using Point = std::vector<double>;

// a + t·(b - a)
Point towards(const Point& a, const Point& b, double t) {
  Point point(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) point[i] = a[i] + t * (b[i] - a[i]);
  return point;
}

std::vector<double> weights_of(const std::vector<Sample>& samples) {
  std::map<std::pair<const Card*, std::string>, double> counts;
  for (const auto& sample : samples) ++counts[{sample.card, sample.dtype()}];
  std::vector<double> weights;
  // A group of n samples weighs n / (n + 20): nearly the same for all but the smallest.
  for (const auto& sample : samples) weights.push_back(1 / (counts[{sample.card, sample.dtype()}] + 20));
  const double total = std::accumulate(weights.begin(), weights.end(), 0.);
  for (double& weight : weights) weight /= total;
  return weights;
}

void fit_some(const std::vector<Sample>& samples, const std::vector<std::size_t>& which, Constants& constants,
              int evaluations) {
  const auto weights = weights_of(samples);
  Point start;
  for (const std::size_t i : which) start.push_back(std::log(constants.all()[i].value));
  const auto with = [&](const Point& point) {
    Constants changed = constants;
    for (std::size_t i = 0; i < which.size(); ++i) changed.set(constants.all()[which[i]].name, std::exp(point[i]));
    return changed;
  };
  // Mean absolute logarithm, and a weak pull towards the start, so that a constant without influence stays.
  const auto loss = [&](const Point& point) {
    const auto errors = residuals(samples, with(point));
    double sum = 0;
    for (std::size_t i = 0; i < errors.size(); ++i) sum += weights[i] * std::abs(errors[i]);
    for (std::size_t i = 0; i < point.size(); ++i) sum += 2e-4 * (point[i] - start[i]) * (point[i] - start[i]);
    return sum;
  };
  Point best = minimize(loss, start, 0.3, evaluations);
  best = minimize(loss, best, 0.1, evaluations / 2);
  constants = with(best);
}

}  // namespace

std::vector<double> minimize(const std::function<double(const Point&)>& value, Point start, double step,
                             int evaluations) {
  struct Vertex {
    Point point;
    double value;
  };
  std::vector<Vertex> simplex{{start, value(start)}};
  for (std::size_t i = 0; i < start.size(); ++i) {
    Point moved = start;
    moved[i] += step;
    simplex.push_back({moved, value(moved)});
  }
  const auto by_value = [](const Vertex& a, const Vertex& b) { return a.value < b.value; };
  const auto n = static_cast<double>(start.size());
  // Coefficients that depend on the dimension (Gao and Han, 2012).
  const double expand = 1 + 2 / n, contract = 0.75 - 1 / (2 * n), shrink = 1 - 1 / n;
  for (auto count = static_cast<int>(simplex.size()); count < evaluations;) {
    std::sort(simplex.begin(), simplex.end(), by_value);
    Vertex& worst = simplex.back();
    Point centre(start.size(), 0);
    for (std::size_t v = 0; v + 1 < simplex.size(); ++v) {
      for (std::size_t i = 0; i < centre.size(); ++i) centre[i] += simplex[v].point[i] / n;
    }
    const auto attempt = [&](double t) {
      ++count;
      Point point = towards(centre, worst.point, t);
      const double there = value(point);
      return Vertex{std::move(point), there};
    };
    const Vertex reflected = attempt(-1);
    if (reflected.value < simplex.front().value) {
      const Vertex expanded = attempt(-expand);
      worst = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < simplex[simplex.size() - 2].value) {
      worst = reflected;
    } else {
      const bool outside = reflected.value < worst.value;
      const Vertex contracted = attempt(outside ? -contract : contract);
      if (contracted.value < std::min(reflected.value, worst.value)) {
        worst = contracted;
      } else {
        for (std::size_t v = 1; v < simplex.size(); ++v) {
          simplex[v].point = towards(simplex.front().point, simplex[v].point, shrink);
          simplex[v].value = value(simplex[v].point);
          ++count;
        }
      }
    }
  }
  return std::min_element(simplex.begin(), simplex.end(), by_value)->point;
}

std::vector<double> residuals(const std::vector<Sample>& samples, const Constants& constants) {
  std::vector<double> logarithms;
  logarithms.reserve(samples.size());
  for (const auto& sample : samples) logarithms.push_back(std::log(sample.seconds / sample.projected(constants)));
  return logarithms;
}

Constants fit(const std::vector<Sample>& samples, Constants constants, int evaluations) {
  // In the file, those of convolution come after gemm_launch_seconds.
  const std::size_t last_of_gemm = constants.index_of("gemm_launch_seconds");
  for (const bool gemm : {true, false}) {
    std::vector<Sample> some;
    for (const auto& sample : samples) {
      if (sample.is_gemm() == gemm) some.push_back(sample);
    }
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < constants.all().size(); ++i) {
      if (constants.all()[i].fitted && (i <= last_of_gemm) == gemm) which.push_back(i);
    }
    if (!some.empty()) fit_some(some, which, constants, evaluations);
  }
  return constants;
}

}  // namespace whygpu::projection
