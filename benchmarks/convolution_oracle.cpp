#include "benchmarks/convolution_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <vector>

#include "backends/dtypes.h"
#include "benchmarks/random_input.h"

namespace whygpu {
namespace {

// One product along one axis: input position `in` meets filter tap `tap` in output position `out`.
struct Link {
  std::int64_t in, tap, out;
};

// All links of an axis, found from any of their three ends.
struct Axis {
  using Links = std::vector<std::vector<Link>>;
  Links by_in, by_tap, by_out;

  Axis(std::int64_t in_extent, std::int64_t taps, std::int64_t out_extent, std::int64_t stride, std::int64_t pad,
       std::int64_t dilation)
      : by_in(in_extent), by_tap(taps), by_out(out_extent) {
    for (std::int64_t out = 0; out < out_extent; ++out) {
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        const std::int64_t in = out * stride - pad + tap * dilation;
        if (in < 0 || in >= in_extent) continue;
        by_in[in].push_back({in, tap, out});
        by_tap[tap].push_back({in, tap, out});
        by_out[out].push_back({in, tap, out});
      }
    }
  }
};

Axis vertical(const Convolution& op) { return {op.h, op.r, op.p(), op.stride_h, op.pad_h, op.dilation_h}; }
Axis horizontal(const Convolution& op) { return {op.w, op.s, op.q(), op.stride_w, op.pad_w, op.dilation_w}; }

// Row-major values of any dtype, read as doubles.
class Reader {
 public:
  Reader(const TensorSpec& spec, const void* values) : dtype_(spec.dtype), values_(values) {}

  double operator[](std::int64_t index) const {
    double value = 0;
    read(index, 1, &value);
    return value;
  }

  void read(std::int64_t first, std::int64_t count, double* out) const {
    with_storage_type(dtype_, [&]<class T>(T) {
      const T* in = static_cast<const T*>(values_) + first;
      for (std::int64_t i = 0; i < count; ++i) {
        if constexpr (std::is_arithmetic_v<T>) {
          out[i] = static_cast<double>(in[i]);
        } else {
          out[i] = static_cast<float>(in[i]);
        }
      }
    });
  }

 private:
  DType dtype_;
  const void* values_;
};

// A problem with everything that its exact elements are computed from.
class Problem {
 public:
  Problem(const Convolution& op, const ConvolutionValues& values)
      : op(op),
        specs(op.arguments()),
        rows(vertical(op)),
        columns(horizontal(op)),
        readers{Reader(specs[0], values[0]), Reader(specs[1], values[1]), Reader(specs[2], values[2])},
        channels(op.c / op.groups),
        filters(op.k / op.groups) {}

  const TensorSpec& result_spec() const { return specs[op.result()]; }
  const Reader& result() const { return readers[op.result()]; }

  std::int64_t at_x(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) const {
    return ((n * op.h + h) * op.w + w) * op.c + c;
  }
  std::int64_t at_w(std::int64_t k, std::int64_t r, std::int64_t s, std::int64_t c) const {
    return ((k * op.r + r) * op.s + s) * channels + c;
  }
  std::int64_t at_y(std::int64_t n, std::int64_t p, std::int64_t q, std::int64_t k) const {
    return ((n * op.p() + p) * op.q() + q) * op.k + k;
  }

  std::array<std::int64_t, 4> position(std::int64_t index) const {
    const auto& shape = result_spec().shape;
    std::array<std::int64_t, 4> at{};
    for (int axis = 3; axis >= 0; --axis) {
      at[axis] = index % shape[axis];
      index /= shape[axis];
    }
    return at;
  }

  // Element `index` of the result, from x, w and y as Readers or as arrays of doubles.
  template <class Values>
  ExactElement exact(const std::array<Values, 3>& from, std::int64_t index) const {
    const auto [a, b, c, d] = position(index);
    switch (op.pass) {
      case Pass::forward:
        return exact_y(from, a, b, c, d);
      case Pass::backward_data:
        return exact_x(from, a, b, c, d);
      case Pass::backward_weights:
        return exact_w(from, a, b, c, d);
    }
    throw std::logic_error("unknown pass");
  }

  std::string name(std::int64_t index) const {
    constexpr std::array<std::array<const char*, 5>, 3> names{
        {{"dx", "n", "h", "w", "c"}, {"dw", "k", "r", "s", "c"}, {"y", "n", "p", "q", "k"}}};
    const auto& name = names[op.result()];
    const auto at = position(index);
    return fmt::format("{}[{}={},{}={},{}={},{}={}]", name[0], name[1], at[0], name[2], at[1], name[3], at[2], name[4],
                       at[3]);
  }

  const Convolution op;
  const std::vector<TensorSpec> specs;
  const Axis rows, columns;
  const std::array<Reader, 3> readers;
  const std::int64_t channels, filters;  // of one group

 private:
  static void add(ExactElement& sum, double a, double b) {
    sum.value += a * b;
    sum.magnitude += std::fabs(a * b);
  }

  template <class Values>
  ExactElement exact_y(const std::array<Values, 3>& from, std::int64_t n, std::int64_t p, std::int64_t q,
                       std::int64_t k) const {
    ExactElement sum;
    const std::int64_t first_channel = k / filters * channels;
    for (const Link& row : rows.by_out[p]) {
      for (const Link& column : columns.by_out[q]) {
        for (std::int64_t c = 0; c < channels; ++c) {
          add(sum, from[0][at_x(n, row.in, column.in, first_channel + c)], from[1][at_w(k, row.tap, column.tap, c)]);
        }
      }
    }
    return sum;
  }

  template <class Values>
  ExactElement exact_x(const std::array<Values, 3>& from, std::int64_t n, std::int64_t h, std::int64_t column_in,
                       std::int64_t c) const {
    ExactElement sum;
    const std::int64_t first_filter = c / channels * filters;
    for (const Link& row : rows.by_in[h]) {
      for (const Link& column : columns.by_in[column_in]) {
        for (std::int64_t k = first_filter; k < first_filter + filters; ++k) {
          add(sum, from[2][at_y(n, row.out, column.out, k)], from[1][at_w(k, row.tap, column.tap, c % channels)]);
        }
      }
    }
    return sum;
  }

  template <class Values>
  ExactElement exact_w(const std::array<Values, 3>& from, std::int64_t k, std::int64_t r, std::int64_t s,
                       std::int64_t c) const {
    ExactElement sum;
    const std::int64_t channel = k / filters * channels + c;
    for (std::int64_t n = 0; n < op.n; ++n) {
      for (const Link& row : rows.by_tap[r]) {
        for (const Link& column : columns.by_tap[s]) {
          add(sum, from[2][at_y(n, row.out, column.out, k)], from[0][at_x(n, row.in, column.in, channel)]);
        }
      }
    }
    return sum;
  }
};

std::string mismatch(const std::string& where, double found, double expected, double tolerance) {
  if (!std::isfinite(found)) return fmt::format("{} was not written or is not a number", where);
  return fmt::format("{} is {:.9g}, should be {:.9g} within {:.2g}", where, found, expected, tolerance);
}

// Empty when element `index` is right.
std::string element_error(const Problem& problem, const ConvolutionTolerance& tolerance, std::int64_t index,
                          const ExactElement& exact) {
  const double found = problem.result()[index];
  const double allowed = tolerance.of(exact);
  if (std::fabs(found - exact.value) <= allowed) return {};
  return mismatch(problem.name(index), found, exact.value, allowed);
}

// The corners of the result, then random elements, half of them on its edges.
std::vector<std::int64_t> sampled_elements(const TensorSpec& result, std::int64_t random_samples) {
  const auto& shape = result.shape;
  const auto index_of = [&](const std::array<std::int64_t, 4>& at) {
    return ((at[0] * shape[1] + at[1]) * shape[2] + at[2]) * shape[3] + at[3];
  };
  std::vector<std::int64_t> samples;
  for (int corner = 0; corner < 16; ++corner) {
    std::array<std::int64_t, 4> at{};
    for (int axis = 0; axis < 4; ++axis) at[axis] = (corner >> axis & 1) != 0 ? shape[axis] - 1 : 0;
    samples.push_back(index_of(at));
  }
  Random random(1);
  for (std::int64_t i = 0; i < random_samples; ++i) {
    std::array<std::int64_t, 4> at{};
    for (int axis = 0; axis < 4; ++axis) at[axis] = static_cast<std::int64_t>(random.below(shape[axis]));
    if (i % 2 == 0) {
      const auto axis = random.below(4);
      at[axis] = random.below(2) == 0 ? 0 : shape[axis] - 1;
    }
    samples.push_back(index_of(at));
  }
  std::sort(samples.begin(), samples.end());
  samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
  return samples;
}

double products_per_element(const Convolution& op) {
  const auto taps = static_cast<double>(op.r * op.s);
  switch (op.pass) {
    case Pass::forward:
      return taps * static_cast<double>(op.c / op.groups);
    case Pass::backward_data:
      return taps * static_cast<double>(op.k / op.groups);
    case Pass::backward_weights:
      return static_cast<double>(op.n) * static_cast<double>(op.p() * op.q());
  }
  throw std::logic_error("unknown pass");
}

// ---- Probes ----

// A sum of `n` honest errors with random signs exceeds this many times their root of squares once in 10^7 (Hoeffding),
// and honest errors are far smaller than the tolerance that stands for them here.
constexpr double kSpread = 6;

std::vector<double> random_signs(std::int64_t count) {
  Random random(2);
  std::vector<double> signs(count);
  for (double& sign : signs) sign = random.below(2) == 0 ? 1 : -1;
  return signs;
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

// Allowed error of a signed sum of results, where `magnitudes` and `values` are the roots of the sums of squares of the
// results' magnitudes and values.
double allowed_sum(const ConvolutionTolerance& tolerance, double magnitudes, double values, std::int64_t count) {
  return kSpread * (tolerance.accumulate * magnitudes + tolerance.round * values +
                    tolerance.floor * std::sqrt(static_cast<double>(count)));
}

// The filters folded into one by random signs over the result's channels: [r][s][source channel]. `norm` bounds the
// Euclidean norm of what each group's source pixels are multiplied with.
struct FoldedFilter {
  std::vector<double> values;
  double norm = 0;
};

FoldedFilter fold_filters(const Problem& problem, const std::vector<double>& signs) {
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
        folded.values[tap * sources + (forward ? channel : k)] += weight * signs[forward ? k : channel];
      }
    }
  }
  folded.norm = largest_norm(squares);
  return folded;
}

// Every pixel of y or dx: its channels summed with random signs against the source convolved with one folded filter.
Verdict probe_pixels(const Problem& problem, const ConvolutionTolerance& tolerance) {
  const Convolution& op = problem.op;
  const bool forward = op.pass == Pass::forward;
  const Reader& source = problem.readers[forward ? 0 : 2];
  const std::int64_t source_h = forward ? op.h : op.p(), source_w = forward ? op.w : op.q();
  const std::int64_t result_h = forward ? op.p() : op.h, result_w = forward ? op.q() : op.w;
  const std::int64_t sources = forward ? op.c : op.k, results = forward ? op.k : op.c;
  const auto& rows = forward ? problem.rows.by_in : problem.rows.by_out;
  const auto& columns = forward ? problem.columns.by_in : problem.columns.by_out;
  const auto end = [forward](const Link& link) { return forward ? link.out : link.in; };

  const std::vector<double> signs = random_signs(results);
  const FoldedFilter filter = fold_filters(problem, signs);
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
        for (const Link& vertical : rows[h]) {
          for (const Link& horizontal : columns[w]) {
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
      const double found = dot(pixel.data(), signs.data(), results);
      const double allowed = allowed_sum(tolerance, std::sqrt(squares[at]) * filter.norm,
                                         std::sqrt(dot(pixel.data(), pixel.data(), results)), results);
      if (std::fabs(found - expected[at]) <= allowed) continue;
      return {Status::incorrect, mismatch("a signed sum of the channels from " + problem.name(first) + " on", found,
                                          expected[at], allowed)};
    }
  }
  return {};
}

// Every tap and channel of dw: its filters summed with random signs against dy folded likewise, one map per group.
Verdict probe_weights(const Problem& problem, const ConvolutionTolerance& tolerance) {
  const Convolution& op = problem.op;
  const std::int64_t pixels = op.p() * op.q();
  const std::vector<double> signs = random_signs(op.k);
  std::vector<double> expected(op.r * op.s * op.c, 0);
  std::vector<double> channel_squares(op.c, 0), group_squares(op.groups, 0);
  std::vector<double> folded(pixels * op.groups), filters(op.k), row(op.w * op.c);

  for (std::int64_t n = 0; n < op.n; ++n) {
    for (std::int64_t at = 0; at < pixels; ++at) {
      problem.readers[2].read((n * pixels + at) * op.k, op.k, filters.data());
      for (std::int64_t group = 0; group < op.groups; ++group) {
        const double* values = filters.data() + group * problem.filters;
        folded[at * op.groups + group] = dot(values, signs.data() + group * problem.filters, problem.filters);
        group_squares[group] += dot(values, values, problem.filters);
      }
    }
    for (std::int64_t h = 0; h < op.h; ++h) {
      problem.readers[0].read(problem.at_x(n, h, 0, 0), op.w * op.c, row.data());
      for (std::int64_t w = 0; w < op.w; ++w) {
        const double* values = row.data() + w * op.c;
        for (std::int64_t c = 0; c < op.c; ++c) channel_squares[c] += values[c] * values[c];
        for (const Link& vertical : problem.rows.by_in[h]) {
          for (const Link& horizontal : problem.columns.by_in[w]) {
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
        found += signs[first_filter + k] * value;
        squares += value * value;
      }
      const double allowed =
          allowed_sum(tolerance, std::sqrt(group_squares[group]) * std::sqrt(channel_squares[channel]),
                      std::sqrt(squares), problem.filters);
      const double exact = expected[tap * op.c + channel];
      if (std::fabs(found - exact) <= allowed) continue;
      return {Status::incorrect,
              mismatch("a signed sum of the filters from " + problem.name(first) + " on", found, exact, allowed)};
    }
  }
  return {};
}

}  // namespace

ExactElement exact_convolution_element(const Convolution& op, const ConvolutionValues& values, std::int64_t index) {
  const Problem problem(op, values);
  return problem.exact(problem.readers, index);
}

double ConvolutionTolerance::of(const ExactElement& exact) const {
  const double accumulated = accumulate * exact.magnitude;
  return accumulated + round * (std::fabs(exact.value) + accumulated) + floor;
}

ConvolutionTolerance convolution_tolerance(const Convolution& op, std::string_view implementation) {
  if (op.dtype == DType::s8) return {};  // integers are exact
  std::string name(implementation);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool winograd = name.find("wino") != std::string::npos;
  const double unit = op.dtype == DType::f64 ? 0x1p-53 : 0x1p-24;
  const bool tensor_cores = op.dtype != DType::f64 && op.dtype != DType::f32;
  ConvolutionTolerance tolerance{unit * (winograd || tensor_cores ? 64 : 16), 0, 0};
  const DType stored = op.arguments()[op.result()].dtype;
  if (stored == DType::bf16) tolerance.round = 0x1p-8;
  if (stored == DType::f16) {
    tolerance.round = 0x1p-11;
    tolerance.floor = 0x1p-25;
  }
  return tolerance;
}

Verdict check_every_element(const Convolution& op, const ConvolutionValues& values,
                            const ConvolutionTolerance& tolerance) {
  const Problem problem(op, values);
  const std::int64_t elements = problem.result_spec().elements();
  std::array<std::vector<double>, 3> inputs;
  std::array<const double*, 3> from{};
  for (int i = 0; i < 3; ++i) {
    if (i == op.result()) continue;
    inputs[i].resize(problem.specs[i].elements());
    problem.readers[i].read(0, problem.specs[i].elements(), inputs[i].data());
    from[i] = inputs[i].data();
  }
  std::int64_t wrong = 0;
  std::string first;
  for (std::int64_t index = 0; index < elements; ++index) {
    const std::string error = element_error(problem, tolerance, index, problem.exact(from, index));
    if (error.empty()) continue;
    if (wrong++ == 0) first = error;
  }
  if (wrong == 0) return {};
  return {Status::incorrect, fmt::format("{} ({} of {} elements wrong)", first, wrong, elements)};
}

Verdict check_by_probes(const Convolution& op, const ConvolutionValues& values, const ConvolutionTolerance& tolerance) {
  constexpr double kProductBudget = 0x1p22;
  const Problem problem(op, values);
  const auto samples = static_cast<std::int64_t>(std::clamp(kProductBudget / products_per_element(op), 4.0, 4096.0));
  for (const std::int64_t index : sampled_elements(problem.result_spec(), samples)) {
    const std::string error = element_error(problem, tolerance, index, problem.exact(problem.readers, index));
    if (!error.empty()) return {Status::incorrect, error};
  }
  return op.pass == Pass::backward_weights ? probe_weights(problem, tolerance) : probe_pixels(problem, tolerance);
}

Verdict check_convolution(const Convolution& op, const ConvolutionValues& values, std::string_view implementation) {
  constexpr double kAffordableProducts = 0x1p25;
  const ConvolutionTolerance tolerance = convolution_tolerance(op, implementation);
  const double products = products_per_element(op) * static_cast<double>(op.arguments()[op.result()].elements());
  return products <= kAffordableProducts ? check_every_element(op, values, tolerance)
                                         : check_by_probes(op, values, tolerance);
}

}  // namespace whygpu
