#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "benchmarks/oracles/convolution_problem.h"
#include "benchmarks/oracles/random_input.h"

namespace whygpu {
namespace {

// The sum of `n` correct errors with random signs and weights of up to 1 exceeds this multiple of their root sum of
// squares once in 10^7 (Hoeffding), and actual errors are far smaller than the tolerance used here in their place.
constexpr double kSpread = 6;

// Magnitudes of up to 1, rarely equal, so that swapped values are detected too; multiples of 2^-10,
// so that sums of integers stay exact.
std::vector<double> random_weights(std::int64_t count) {
  Random random(2);
  std::vector<double> weights(count);
  for (double& weight : weights) {
    const double size = 0.5 + static_cast<double>(random.below(512)) / 1024;
    weight = random.below(2) == 0 ? size : -size;
  }
  return weights;
}

double dot(const double* a, const double* b, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

double largest_norm(const std::vector<double>& squares) {
  return std::sqrt(*std::max_element(squares.begin(), squares.end()));
}

// Allowed error of a weighted sum of results, where `magnitudes` and `values` are the root sums of squares of
// the results' magnitudes and values.
double allowed_sum(const ConvolutionTolerance& tolerance, double magnitudes, double values, std::int64_t count) {
  return kSpread * (tolerance.accumulate * magnitudes + tolerance.round * values +
                    tolerance.floor * std::sqrt(static_cast<double>(count)));
}

// The filters combined into one by random weights of the result's channels: [r][s][source channel]. `norm` bounds the
// Euclidean norm of the factors of each group's source pixels.
struct FoldedFilter {
  std::vector<double> values;
  double norm = 0;
};

FoldedFilter fold_filters(const ConvolutionProblem& problem, const std::vector<double>& weights) {
  const Convolution& op = problem.op;
  const bool forward = op.pass == Pass::forward;
  const std::int64_t sources = forward ? op.c : op.k;
  FoldedFilter folded;
  folded.values.assign(op.r * op.s * sources, 0);
  std::vector<double> squares(op.groups, 0);
  std::vector<double> filter(op.r * op.s * problem.channels);
  for (std::int64_t k = 0; k < op.k; ++k) {
    const std::int64_t group = k / problem.filters;
    problem.readers[1].read(problem.at_w(k, 0, 0, 0), static_cast<std::int64_t>(filter.size()), filter.data());
    squares[group] += dot(filter.data(), filter.data(), static_cast<std::int64_t>(filter.size()));
    for (std::int64_t tap = 0; tap < op.r * op.s; ++tap) {
      for (std::int64_t c = 0; c < problem.channels; ++c) {
        const std::int64_t channel = group * problem.channels + c;
        const double weight = filter[tap * problem.channels + c];
        folded.values[tap * sources + (forward ? channel : k)] += weight * weights[forward ? k : channel];
      }
    }
  }
  folded.norm = largest_norm(squares);
  return folded;
}

// Every pixel of y or dx: the sum of its channels with random weights against the source convolved with one folded
// filter.
Verdict probe_pixels(const ConvolutionProblem& problem, const ConvolutionTolerance& tolerance) {
  const Convolution& op = problem.op;
  const bool forward = op.pass == Pass::forward;
  const Reader& source = problem.readers[forward ? 0 : 2];
  const std::int64_t source_h = forward ? op.h : op.p(), source_w = forward ? op.w : op.q();
  const std::int64_t result_h = forward ? op.p() : op.h, result_w = forward ? op.q() : op.w;
  const std::int64_t sources = forward ? op.c : op.k, results = forward ? op.k : op.c;
  const auto& rows = forward ? problem.rows.by_in : problem.rows.by_out;
  const auto& columns = forward ? problem.columns.by_in : problem.columns.by_out;
  const auto end = [forward](const TapPosition& position) { return forward ? position.out : position.in; };

  const std::vector<double> weights = random_weights(results);
  const FoldedFilter filter = fold_filters(problem, weights);
  std::vector<double> expected(result_h * result_w), squares(result_h * result_w);
  std::vector<double> row(source_w * sources), pixel(results);

  for (std::int64_t n = 0; n < op.n; ++n) {
    std::fill(expected.begin(), expected.end(), 0);
    std::fill(squares.begin(), squares.end(), 0);
    for (std::int64_t h = 0; h < source_h; ++h) {
      source.read((n * source_h + h) * source_w * sources, source_w * sources, row.data());
      for (std::int64_t w = 0; w < source_w; ++w) {
        const double* values = row.data() + w * sources;
        const double square = dot(values, values, sources);
        for (const TapPosition& vertical : rows[h]) {
          for (const TapPosition& horizontal : columns[w]) {
            const std::int64_t to = end(vertical) * result_w + end(horizontal);
            expected[to] += dot(values, &filter.values[(vertical.tap * op.s + horizontal.tap) * sources], sources);
            squares[to] += square;
          }
        }
      }
    }
    for (std::int64_t at = 0; at < result_h * result_w; ++at) {
      const std::int64_t first = (n * result_h * result_w + at) * results;
      problem.result().read(first, results, pixel.data());
      const double found = dot(pixel.data(), weights.data(), results);
      const double allowed = allowed_sum(tolerance, std::sqrt(squares[at]) * filter.norm,
                                         std::sqrt(dot(pixel.data(), pixel.data(), results)), results);
      if (std::fabs(found - expected[at]) <= allowed) continue;
      return {Status::incorrect, mismatch("a weighted sum of the channels from " + problem.name(first) + " on", found,
                                          expected[at], allowed)};
    }
  }
  return {};
}

// Every tap and channel of dw: the sum of its filters with random weights against dy folded likewise, one map per
// group.
Verdict probe_weights(const ConvolutionProblem& problem, const ConvolutionTolerance& tolerance) {
  const Convolution& op = problem.op;
  const std::int64_t pixels = op.p() * op.q();
  const std::vector<double> weights = random_weights(op.k);
  std::vector<double> expected(op.r * op.s * op.c, 0);
  std::vector<double> channel_squares(op.c, 0), group_squares(op.groups, 0);
  std::vector<double> folded(pixels * op.groups), filters(op.k), row(op.w * op.c);

  for (std::int64_t n = 0; n < op.n; ++n) {
    for (std::int64_t at = 0; at < pixels; ++at) {
      problem.readers[2].read((n * pixels + at) * op.k, op.k, filters.data());
      for (std::int64_t group = 0; group < op.groups; ++group) {
        const double* values = filters.data() + group * problem.filters;
        folded[at * op.groups + group] = dot(values, weights.data() + group * problem.filters, problem.filters);
        group_squares[group] += dot(values, values, problem.filters);
      }
    }
    for (std::int64_t h = 0; h < op.h; ++h) {
      problem.readers[0].read(problem.at_x(n, h, 0, 0), op.w * op.c, row.data());
      for (std::int64_t w = 0; w < op.w; ++w) {
        const double* values = row.data() + w * op.c;
        for (std::int64_t c = 0; c < op.c; ++c) channel_squares[c] += values[c] * values[c];
        for (const TapPosition& vertical : problem.rows.by_in[h]) {
          for (const TapPosition& horizontal : problem.columns.by_in[w]) {
            double* sums = &expected[(vertical.tap * op.s + horizontal.tap) * op.c];
            const double* gradients = &folded[(vertical.out * op.q() + horizontal.out) * op.groups];
            for (std::int64_t group = 0; group < op.groups; ++group) {
              for (std::int64_t c = group * problem.channels; c < (group + 1) * problem.channels; ++c) {
                sums[c] += gradients[group] * values[c];
              }
            }
          }
        }
      }
    }
  }

  for (std::int64_t tap = 0; tap < op.r * op.s; ++tap) {
    for (std::int64_t channel = 0; channel < op.c; ++channel) {
      const std::int64_t group = channel / problem.channels, first_filter = group * problem.filters;
      const std::int64_t first = problem.at_w(first_filter, 0, tap, channel % problem.channels);
      double found = 0, squares = 0;
      for (std::int64_t k = 0; k < problem.filters; ++k) {
        const double value = problem.result()[first + k * op.r * op.s * problem.channels];
        found += weights[first_filter + k] * value;
        squares += value * value;
      }
      const double allowed =
          allowed_sum(tolerance, std::sqrt(group_squares[group]) * std::sqrt(channel_squares[channel]),
                      std::sqrt(squares), problem.filters);
      const double exact = expected[tap * op.c + channel];
      if (std::fabs(found - exact) <= allowed) continue;
      return {Status::incorrect,
              mismatch("a weighted sum of the filters from " + problem.name(first) + " on", found, exact, allowed)};
    }
  }
  return {};
}

}  // namespace

std::string mismatch(const std::string& where, double found, double expected, double tolerance) {
  if (!std::isfinite(found)) return fmt::format("{} was not written or is not a number", where);
  return fmt::format("{} is {:.9g}, should be {:.9g} within {:.2g}", where, found, expected, tolerance);
}

Verdict probe_convolution(const ConvolutionProblem& problem, const ConvolutionTolerance& tolerance) {
  return problem.op.pass == Pass::backward_weights ? probe_weights(problem, tolerance)
                                                   : probe_pixels(problem, tolerance);
}

}  // namespace whygpu
