#include <algorithm>
#include <cmath>

#include "backends/layers/batch_norm/batch_norm.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

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

}  // namespace

void add_batch_norm_reference(References& references) {
  references.add<BatchNorm>(run);
  references.add<BatchNormGradient>(run);
}

}  // namespace whygpu::networks
