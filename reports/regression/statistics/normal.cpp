#include "reports/regression/statistics/normal.h"

#include <cmath>
#include <stdexcept>

namespace whygpu {
namespace {

// Bisection of an increasing function: the x in [low, high] at which it crosses `target`.
template <class F>
double solve(F&& rising, double target, double low, double high) {
  for (int step = 0; step < 200 && low < high; ++step) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (rising(middle) < target ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

// Regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22, Lentz's method), which
// converges fast for x < (a + 1) / (a + b + 2).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double value) { return std::fabs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m <= 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    fraction *= d * c;
    if (std::fabs(d * c - 1) < 1e-15) break;
  }
  const double log_front =
      a * std::log(x) + b * std::log1p(-x) + std::lgamma(a + b) - std::lgamma(a + 1) - std::lgamma(b);
  return std::exp(log_front) * fraction;
}

}  // namespace

double normal_quantile(double probability) {
  if (!(probability > 0 && probability < 1)) throw std::invalid_argument("quantile outside (0, 1)");
  // Uses the lower tail by symmetry, where erfc keeps its precision.
  if (probability > 0.5) return -normal_quantile(1 - probability);
  return solve([](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }, probability, -40, 0);
}

double student_two_sided_p(double t, double degrees_of_freedom) {
  if (!(degrees_of_freedom > 0)) throw std::invalid_argument("Student's t needs positive degrees of freedom");
  return incomplete_beta(degrees_of_freedom / 2, 0.5, degrees_of_freedom / (degrees_of_freedom + t * t));
}

double student_quantile(double confidence, double degrees_of_freedom) {
  if (!(confidence > 0 && confidence < 1)) throw std::invalid_argument("confidence outside (0, 1)");
  const auto within = [=](double t) { return 1 - student_two_sided_p(t, degrees_of_freedom); };
  double high = 1;
  while (within(high) < confidence) high *= 2;
  return solve(within, confidence, 0, high);
}

}  // namespace whygpu
