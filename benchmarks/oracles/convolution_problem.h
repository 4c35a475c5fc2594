// A convolution as sets of products along its axes, with float64 access to its tensors; shared by the oracle's checks.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "backends/dtypes.h"
#include "benchmarks/oracles/convolution_oracle.h"

namespace whygpu {

// One product along one axis: input position `in` and filter tap `tap` contribute to output position `out`.
struct TapPosition {
  std::int64_t in, tap, out;
};

// All links of an axis, indexed by each of the three positions.
struct Axis {
  using Links = std::vector<std::vector<TapPosition>>;
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

inline Axis vertical(const Convolution& op) { return {op.h, op.r, op.p(), op.stride_h, op.pad_h, op.dilation_h}; }
inline Axis horizontal(const Convolution& op) { return {op.w, op.s, op.q(), op.stride_w, op.pad_w, op.dilation_w}; }

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

// A convolution with all data needed to compute exact elements.
class ConvolutionProblem {
 public:
  ConvolutionProblem(const Convolution& op, const ConvolutionValues& values)
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
      case Pass::forward: return exact_y(from, a, b, c, d);
      case Pass::backward_data: return exact_x(from, a, b, c, d);
      case Pass::backward_weights: return exact_w(from, a, b, c, d);
    }
    throw std::logic_error("unknown pass");
  }

  // `dx[n=0,h=1,w=2,c=3]`.
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
  const std::int64_t channels, filters;  // per group

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
    for (const TapPosition& row : rows.by_out[p]) {
      for (const TapPosition& column : columns.by_out[q]) {
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
    for (const TapPosition& row : rows.by_in[h]) {
      for (const TapPosition& column : columns.by_in[column_in]) {
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
      for (const TapPosition& row : rows.by_tap[r]) {
        for (const TapPosition& column : columns.by_tap[s]) {
          add(sum, from[2][at_y(n, row.out, column.out, k)], from[0][at_x(n, row.in, column.in, channel)]);
        }
      }
    }
    return sum;
  }
};

// The message for a result `found` that should be `expected`.
std::string mismatch(const std::string& where, double found, double expected, double tolerance);

// Every pixel (every tap and channel of dw) by the adjoint identity; see check_by_probes().
Verdict probe_convolution(const ConvolutionProblem& problem, const ConvolutionTolerance& tolerance);

}  // namespace whygpu
