// Every operation as its definition in backends/ writes it.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "benchmarks/networks/reference.h"

namespace whygpu::training {
namespace {

using Index = std::int64_t;
using Arguments = std::span<double* const>;

void run(const Gemm& g, Arguments t) {
  for (Index batch = 0; batch < g.batch; ++batch) {
    const double *a = t[0] + batch * g.m * g.k, *b = t[1] + batch * g.k * g.n;
    double* c = t[2] + batch * g.m * g.n;
    std::fill_n(c, g.m * g.n, 0.0);
    for (Index i = 0; i < g.m; ++i) {
      for (Index p = 0; p < g.k; ++p) {
        const double x = g.transpose_a ? a[p * g.m + i] : a[i * g.k + p];
        const double* row = g.transpose_b ? b + p : b + p * g.n;
        const Index stride = g.transpose_b ? g.k : 1;
        for (Index j = 0; j < g.n; ++j) c[i * g.n + j] += x * row[j * stride];
      }
    }
  }
}

void run(const Convolution& v, Arguments t) {
  double *x = t[0], *w = t[1], *y = t[2];
  const Index channels = v.c / v.groups, filters = v.k / v.groups;
  const std::vector<TensorSpec> specs = v.arguments();
  std::fill_n(t[static_cast<std::size_t>(v.result())], specs[static_cast<std::size_t>(v.result())].elements(), 0.0);
  for (Index n = 0; n < v.n; ++n)
    for (Index p = 0; p < v.p(); ++p)
      for (Index q = 0; q < v.q(); ++q)
        for (Index k = 0; k < v.k; ++k)
          for (Index r = 0; r < v.r; ++r)
            for (Index s = 0; s < v.s; ++s) {
              const Index h = p * v.stride_h - v.pad_h + r * v.dilation_h,
                          column = q * v.stride_w - v.pad_w + s * v.dilation_w;
              if (h < 0 || h >= v.h || column < 0 || column >= v.w) continue;
              double* pixel = x + ((n * v.h + h) * v.w + column) * v.c + k / filters * channels;
              double* tap = w + ((k * v.r + r) * v.s + s) * channels;
              double& result = y[((n * v.p() + p) * v.q() + q) * v.k + k];
              for (Index c = 0; c < channels; ++c) {
                if (v.pass == Pass::forward) result += pixel[c] * tap[c];
                if (v.pass == Pass::backward_data) pixel[c] += result * tap[c];
                if (v.pass == Pass::backward_weights) tap[c] += result * pixel[c];
              }
            }
}

constexpr double kGeluCubic = 0.044715;

double activate(Activation activation, double x) {
  if (activation == Activation::relu) return std::max(x, 0.0);
  if (activation == Activation::none) return x;
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + kGeluCubic * x * x * x)));
}

double gelu_slope(double x) {
  const double root = std::sqrt(2 / std::numbers::pi), tanh = std::tanh(root * (x + kGeluCubic * x * x * x));
  return (1 + tanh) / 2 + x / 2 * (1 - tanh * tanh) * root * (1 + 3 * kGeluCubic * x * x);
}

void run(const BiasActivation& op, Arguments t) {
  double* y = t.back();
  for (Index i = 0; i < op.rows * op.columns; ++i) {
    y[i] = activate(op.activation, t[0][i] + t[1][i % op.columns]) + (op.residual ? t[2][i] : 0);
  }
}

void run(const BiasActivationGradient& op, Arguments t) {
  double *dx = t[t.size() - 2], *dbias = t.back();
  std::fill_n(dbias, op.columns, 0.0);
  for (Index i = 0; i < op.rows * op.columns; ++i) {
    const Index column = i % op.columns;
    const double slope = op.activation == Activation::none   ? 1
                         : op.activation == Activation::relu ? (t[1][i] > 0 ? 1 : 0)
                                                             : gelu_slope(t[1][i] + t[2][column]);
    dx[i] = t[0][i] * slope;
    dbias[column] += dx[i];
  }
}

void run(const ColumnSum& op, Arguments t) {
  std::fill_n(t[1], op.columns, 0.0);
  for (Index i = 0; i < op.rows * op.columns; ++i) t[1][i % op.columns] += t[0][i];
}

void run(const LayerNorm& op, Arguments t) {
  for (Index row = 0; row < op.rows; ++row) {
    const double* x = t[0] + row * op.columns;
    double* y = t[3] + row * op.columns;
    double mean = 0, variance = 0;
    for (Index i = 0; i < op.columns; ++i) mean += x[i] / static_cast<double>(op.columns);
    for (Index i = 0; i < op.columns; ++i) variance += (x[i] - mean) * (x[i] - mean) / static_cast<double>(op.columns);
    const double rstd = 1 / std::sqrt(variance + kNormEpsilon);
    for (Index i = 0; i < op.columns; ++i) y[i] = (x[i] - mean) * rstd * t[1][i] + t[2][i];
    t[4][row] = mean;
    t[5][row] = rstd;
  }
}

// With x̂ = (x - mean) · rstd and g = dy · gamma over one normalised set: dx = rstd · (g - mean(g) - x̂ · mean(g · x̂)).
void run(const LayerNormGradient& op, Arguments t) {
  const double *dy = t[0], *x = t[1], *gamma = t[2], *mean = t[3], *rstd = t[4];
  double *dx = t[t.size() - 3], *dgamma = t[t.size() - 2], *dbeta = t.back();
  std::fill_n(dgamma, op.columns, 0.0);
  std::fill_n(dbeta, op.columns, 0.0);
  for (Index row = 0; row < op.rows; ++row) {
    double sum = 0, sum_scaled = 0;
    for (Index i = 0; i < op.columns; ++i) {
      const Index at = row * op.columns + i;
      const double scaled = (x[at] - mean[row]) * rstd[row];
      sum += dy[at] * gamma[i] / static_cast<double>(op.columns);
      sum_scaled += dy[at] * gamma[i] * scaled / static_cast<double>(op.columns);
      dgamma[i] += dy[at] * scaled;
      dbeta[i] += dy[at];
    }
    for (Index i = 0; i < op.columns; ++i) {
      const Index at = row * op.columns + i;
      const double scaled = (x[at] - mean[row]) * rstd[row];
      dx[at] = rstd[row] * (dy[at] * gamma[i] - sum - scaled * sum_scaled) + (op.addend ? t[5][at] : 0);
    }
  }
}

void run(const BatchNorm& op, Arguments t) {
  const double* x = t[0];
  double *y = t[t.size() - 3], *mean = t[t.size() - 2], *rstd = t.back();
  const double rows = static_cast<double>(op.rows);
  for (Index column = 0; column < op.columns; ++column) {
    if (!op.fixed) {
      double variance = 0;
      mean[column] = 0;
      for (Index row = 0; row < op.rows; ++row) mean[column] += x[row * op.columns + column] / rows;
      for (Index row = 0; row < op.rows; ++row) {
        const double difference = x[row * op.columns + column] - mean[column];
        variance += difference * difference / rows;
      }
      rstd[column] = 1 / std::sqrt(variance + kNormEpsilon);
    }
    for (Index row = 0; row < op.rows; ++row) {
      const Index at = row * op.columns + column;
      const double value = (x[at] - mean[column]) * rstd[column] * t[1][column] + t[2][column];
      y[at] = activate(op.activation, value + (op.residual ? t[3][at] : 0));
    }
  }
}

void run(const BatchNormGradient& op, Arguments t) {
  const bool relu = op.activation == Activation::relu;
  const double *dy = t[0], *x = t[1], *y = t[2];  // y only with relu
  const Arguments rest = t.subspan(relu ? 3 : 2);
  const double *gamma = rest[0], *mean = rest[1], *rstd = rest[2];
  double *dx = rest[3], *dgamma = rest[4], *dbeta = rest[5];
  const double rows = static_cast<double>(op.rows);
  for (Index column = 0; column < op.columns; ++column) {
    dgamma[column] = dbeta[column] = 0;
    const auto gradient = [&](Index at) { return relu && y[at] <= 0 ? 0 : dy[at]; };
    const auto scaled = [&](Index at) { return (x[at] - mean[column]) * rstd[column]; };
    for (Index at = column; at < op.rows * op.columns; at += op.columns) {
      dgamma[column] += gradient(at) * scaled(at);
      dbeta[column] += gradient(at);
    }
    for (Index at = column; at < op.rows * op.columns; at += op.columns) {
      dx[at] =
          gamma[column] * rstd[column] * (gradient(at) - dbeta[column] / rows - scaled(at) * dgamma[column] / rows);
      if (op.residual) rest[6][at] = gradient(at);
    }
  }
}

// Calls f(index in y, index in x) for every pixel of every window, windows in order.
template <class Op, class F>
void for_windows(const Op& op, F f) {
  const Index p_end = op.h / op.window, q_end = op.w / op.window;
  for (Index n = 0; n < op.n; ++n)
    for (Index p = 0; p < p_end; ++p)
      for (Index q = 0; q < q_end; ++q)
        for (Index c = 0; c < op.c; ++c)
          for (Index r = 0; r < op.window; ++r)
            for (Index s = 0; s < op.window; ++s) {
              f(((n * p_end + p) * q_end + q) * op.c + c,
                ((n * op.h + p * op.window + r) * op.w + q * op.window + s) * op.c + c);
            }
}

void run(const Pooling& op, Arguments t) {
  const bool maximum = op.kind == PoolingKind::maximum;
  std::fill_n(t[1], op.arguments()[1].elements(), maximum ? -std::numeric_limits<double>::infinity() : 0.0);
  for_windows(op, [&](Index y, Index x) {
    t[1][y] = maximum ? std::max(t[1][y], t[0][x]) : t[1][y] + t[0][x] / static_cast<double>(op.window * op.window);
  });
}

void run(const PoolingGradient& op, Arguments t) {
  double* dx = t.back();
  std::fill_n(dx, op.n * op.h * op.w * op.c, 0.0);
  const Index outputs = op.n * (op.h / op.window) * (op.w / op.window) * op.c;
  std::vector<Index> first(static_cast<std::size_t>(outputs), -1);
  for_windows(op, [&](Index y, Index x) {
    if (op.kind == PoolingKind::average) {
      dx[x] = t[0][y] / static_cast<double>(op.window * op.window);
      return;
    }
    Index& best = first[static_cast<std::size_t>(y)];
    if (best < 0 || t[1][x] > t[1][best]) best = x;
  });
  if (op.kind == PoolingKind::average) return;
  for (Index y = 0; y < outputs; ++y) dx[first[static_cast<std::size_t>(y)]] = t[0][y];
}

void run(const SoftmaxCrossEntropy& op, Arguments t) {
  t[3][0] = 0;
  for (Index row = 0; row < op.rows; ++row) {
    const double* x = t[0] + row * op.columns;
    const double top = *std::max_element(x, x + op.columns);
    double sum = 0;
    for (Index i = 0; i < op.columns; ++i) sum += std::exp(x[i] - top);
    t[2][row] = top + std::log(sum);
    t[3][0] += (t[2][row] - x[static_cast<Index>(t[1][row])]) / static_cast<double>(op.rows);
  }
}

void run(const SoftmaxCrossEntropyGradient& op, Arguments t) {
  for (Index row = 0; row < op.rows; ++row) {
    for (Index i = 0; i < op.columns; ++i) {
      const Index at = row * op.columns + i;
      const double label = i == static_cast<Index>(t[1][row]) ? 1 : 0;
      t[3][at] = (std::exp(t[0][at] - t[2][row]) - label) / static_cast<double>(op.rows);
    }
  }
}

void run(const MeanSquare& op, Arguments t) {
  t[2][0] = 0;
  for (Index i = 0; i < op.count; ++i) t[2][0] += std::pow(t[0][i] - t[1][i], 2) / static_cast<double>(op.count);
}

void run(const MeanSquareGradient& op, Arguments t) {
  for (Index i = 0; i < op.count; ++i) t[2][i] = 2 * (t[0][i] - t[1][i]) / static_cast<double>(op.count);
}

void run(const Embedding& op, Arguments t) {
  for (Index i = 0; i < op.batch * op.length * op.width; ++i) {
    const Index row = i / op.width, column = i % op.width;
    const auto token = static_cast<Index>(t[0][row]);
    t[3][i] = t[1][token * op.width + column] + t[2][row % op.length * op.width + column];
  }
}

void run(const EmbeddingGradient& op, Arguments t) {
  if (!op.accumulate) std::fill_n(t[2], op.vocabulary * op.width, 0.0);
  std::fill_n(t[3], op.length * op.width, 0.0);
  for (Index i = 0; i < op.batch * op.length * op.width; ++i) {
    const Index row = i / op.width, column = i % op.width;
    t[2][static_cast<Index>(t[0][row]) * op.width + column] += t[1][i];
    t[3][row % op.length * op.width + column] += t[1][i];
  }
}

void run(const CausalSoftmax& op, Arguments t) {
  for (Index row = 0; row < op.batch * op.length; ++row) {
    const double* x = t[0] + row * op.length;
    double* y = t[1] + row * op.length;
    const Index seen = row % op.length + 1;
    const double top = *std::max_element(x, x + seen);
    double sum = 0;
    for (Index i = 0; i < op.length; ++i) {
      y[i] = i < seen ? std::exp(op.scale * (x[i] - top)) : 0;
      sum += y[i];
    }
    for (Index i = 0; i < seen; ++i) y[i] /= sum;
  }
}

void run(const CausalSoftmaxGradient& op, Arguments t) {
  for (Index row = 0; row < op.batch * op.length; ++row) {
    const double *dy = t[0] + row * op.length, *y = t[1] + row * op.length;
    const Index seen = row % op.length + 1;
    double sum = 0;
    for (Index i = 0; i < seen; ++i) sum += dy[i] * y[i];
    for (Index i = 0; i < op.length; ++i) t[2][row * op.length + i] = i < seen ? op.scale * y[i] * (dy[i] - sum) : 0;
  }
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

void run(const LstmCell& op, Arguments t) {
  for (Index row = 0; row < op.rows; ++row) {
    for (Index column = 0; column < op.width; ++column) {
      const auto sum = [&](Index gate) {
        const Index at = gate * op.width + column;
        return t[0][row * 4 * op.width + at] + t[1][row * 4 * op.width + at] + t[2][at];
      };
      const double i = sigmoid(sum(0)), f = sigmoid(sum(1)), g = std::tanh(sum(2)), o = sigmoid(sum(3));
      const Index at = row * op.width + column;
      double* gates = t[4] + row * 4 * op.width + column;
      gates[0] = i, gates[op.width] = f, gates[2 * op.width] = g, gates[3 * op.width] = o;
      t[5][at] = f * t[3][at] + i * g;
      t[6][at] = o * std::tanh(t[5][at]);
    }
  }
}

void run(const LstmCellGradient& op, Arguments t) {
  for (Index row = 0; row < op.rows; ++row) {
    for (Index column = 0; column < op.width; ++column) {
      const Index at = row * op.width + column;
      const double* gates = t[3] + row * 4 * op.width + column;
      const double i = gates[0], f = gates[op.width], g = gates[2 * op.width], o = gates[3 * op.width];
      const double dh = t[0][at] + t[1][at], tanh = std::tanh(t[5][at]), dc = t[2][at] + dh * o * (1 - tanh * tanh);
      double* da = t[6] + row * 4 * op.width + column;
      da[0] = dc * g * i * (1 - i);
      da[op.width] = dc * t[4][at] * f * (1 - f);
      da[2 * op.width] = dc * i * (1 - g * g);
      da[3 * op.width] = dh * tanh * o * (1 - o);
      t[7][at] = dc * f;
    }
  }
}

void run(const Permute& op, Arguments t) {
  std::array<Index, 5> stride = {1, 1, 1, 1, 1};
  for (int axis = 3; axis >= 0; --axis) stride[axis] = stride[axis + 1] * op.shape[axis + 1];
  const auto extent = [&](int axis) { return op.shape[op.order[axis]]; };
  double* y = t[1];
  for (Index a = 0; a < extent(0); ++a)
    for (Index b = 0; b < extent(1); ++b)
      for (Index c = 0; c < extent(2); ++c)
        for (Index d = 0; d < extent(3); ++d)
          for (Index e = 0; e < extent(4); ++e) {
            *y++ = t[0][a * stride[op.order[0]] + b * stride[op.order[1]] + c * stride[op.order[2]] +
                        d * stride[op.order[3]] + e * stride[op.order[4]]];
          }
}

void run(const Add& op, Arguments t) {
  for (Index i = 0; i < op.count; ++i) t[2][i] = t[0][i] + t[1][i];
}

void run(const SgdMomentum& op, Arguments t) {
  for (Index i = 0; i < op.count; ++i) {
    t[2][i] = op.momentum * t[2][i] + t[0][i];
    t[1][i] -= op.learning_rate * t[2][i];
  }
}

void run(const AdamW& op, Arguments t) {
  const double step = ++t[4][0];
  for (Index i = 0; i < op.count; ++i) {
    t[2][i] = op.beta1 * t[2][i] + (1 - op.beta1) * t[0][i];
    t[3][i] = op.beta2 * t[3][i] + (1 - op.beta2) * t[0][i] * t[0][i];
    const double first = t[2][i] / (1 - std::pow(op.beta1, step)), second = t[3][i] / (1 - std::pow(op.beta2, step));
    t[1][i] -= op.learning_rate * (first / (std::sqrt(second) + op.epsilon) + op.weight_decay * t[1][i]);
  }
}

}  // namespace

void run_reference(const Op& op, std::span<double* const> arguments) {
  std::visit(
      [arguments](const auto& shape) {
        if constexpr (requires { run(shape, arguments); }) {
          run(shape, arguments);
        } else {
          throw std::logic_error("no network contains this operation");
        }
      },
      op);
}

}  // namespace whygpu::training
