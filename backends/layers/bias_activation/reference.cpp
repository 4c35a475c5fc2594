#include <algorithm>
#include <cmath>
#include <numbers>

#include "backends/layers/bias_activation/bias_activation.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

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

}  // namespace

void add_bias_activation_reference(References& references) {
  references.add<BiasActivation>(run);
  references.add<BiasActivationGradient>(run);
  references.add<ColumnSum>(run);
}

}  // namespace whygpu::networks
