#include <algorithm>
#include <cmath>

#include "backends/layers/layer_norm/layer_norm.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

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

}  // namespace

void add_layer_norm_reference(References& references) {
  references.add<LayerNorm>(run);
  references.add<LayerNormGradient>(run);
}

}  // namespace whygpu::networks
