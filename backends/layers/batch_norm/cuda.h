#pragma once

#include "backends/layers/batch_norm/batch_norm.h"
#include "backends/layers/cuda/activation.h"
#include "backends/layers/cuda/values.h"

namespace whygpu::cuda_layers {

// Sums are of differences from the first row, so that a large mean does not cancel the variance.
struct BatchNormColumns {
  static constexpr int kSums = 2;
  Values x;
  float *mean, *rstd;
  Index rows, columns;
  WHYGPU_BOTH void add(Index row, Index column, float* sums) const {
    const float d = x[row * columns + column] - x[column];
    sums[0] += d;
    sums[1] += d * d;
  }
  WHYGPU_BOTH void finish(Index column, const float* sums) const {
    const double shift = static_cast<double>(sums[0]) / static_cast<double>(rows);
    const double variance = static_cast<double>(sums[1]) / static_cast<double>(rows) - shift * shift;
    mean[column] = static_cast<float>(x[column] + shift);
    rstd[column] = static_cast<float>(1 / sqrt((variance > 0 ? variance : 0) + kNormEpsilon));
  }
};

struct BatchNormElement {
  Values x, residual, y;  // residual: null data if absent
  const float *gamma, *beta, *mean, *rstd;
  Index columns;
  Activation activation;
  WHYGPU_BOTH void operator()(Index i) const {
    const Index c = i % columns;
    const float normal = (x[i] - mean[c]) * rstd[c] * gamma[c] + beta[c];
    y.set(i, activate(activation, normal + (residual.data != nullptr ? residual[i] : 0)));
  }
};

struct BatchNormGradientColumns {
  static constexpr int kSums = 2;
  Values dy, x, y;  // y: null data without relu
  const float *mean, *rstd;
  float *dgamma, *dbeta;
  Index columns;
  WHYGPU_BOTH void add(Index row, Index column, float* sums) const {
    const Index i = row * columns + column;
    const float d = y.data == nullptr || y[i] > 0 ? dy[i] : 0;
    sums[0] += d * (x[i] - mean[column]) * rstd[column];
    sums[1] += d;
  }
  WHYGPU_BOTH void finish(Index column, const float* sums) const {
    dgamma[column] = sums[0];
    dbeta[column] = sums[1];
  }
};

struct BatchNormGradientElement {
  Values dy, x, y, dx, dresidual;  // y, dresidual: null data if absent
  const float *gamma, *mean, *rstd, *dgamma, *dbeta;
  Index rows, columns;
  WHYGPU_BOTH void operator()(Index i) const {
    const Index c = i % columns;
    const float d = y.data == nullptr || y[i] > 0 ? dy[i] : 0, share = 1.0F / static_cast<float>(rows);
    const float scaled = (x[i] - mean[c]) * rstd[c];
    if (dresidual.data != nullptr) dresidual.set(i, d);
    dx.set(i, gamma[c] * rstd[c] * (d - dbeta[c] * share - scaled * dgamma[c] * share));
  }
};

template <class Launcher>
void run(const BatchNorm& op, Storage t, Launcher& launch) {
  Storage results = t + (op.residual ? 4 : 3);
  const Values x{t[0], op.dtype};
  if (!op.fixed) {
    launch.columns(op.rows, op.columns,
                   BatchNormColumns{x, floats(results[1]), floats(results[2]), op.rows, op.columns});
  }
  launch.elements(op.rows * op.columns, BatchNormElement{x,
                                                         {op.residual ? t[3] : nullptr, op.dtype},
                                                         {results[0], op.dtype},
                                                         floats(t[1]),
                                                         floats(t[2]),
                                                         floats(results[1]),
                                                         floats(results[2]),
                                                         op.columns,
                                                         op.activation});
}

template <class Launcher>
void run(const BatchNormGradient& op, Storage t, Launcher& launch) {
  const bool relu = op.activation == Activation::relu;
  Storage rest = t + (relu ? 3 : 2);  // gamma, mean, rstd, dx, dgamma, dbeta, dresidual
  const Values dy{t[0], op.dtype}, x{t[1], op.dtype}, y{relu ? t[2] : nullptr, op.dtype};
  launch.columns(op.rows, op.columns,
                 BatchNormGradientColumns{dy, x, y, floats(rest[1]), floats(rest[2]), floats(rest[4]), floats(rest[5]),
                                          op.columns});
  launch.elements(op.rows * op.columns, BatchNormGradientElement{dy,
                                                                 x,
                                                                 y,
                                                                 {rest[3], op.dtype},
                                                                 {op.residual ? rest[6] : nullptr, op.dtype},
                                                                 floats(rest[0]),
                                                                 floats(rest[1]),
                                                                 floats(rest[2]),
                                                                 floats(rest[4]),
                                                                 floats(rest[5]),
                                                                 op.rows,
                                                                 op.columns});
}

template <class Launcher>
void add_batch_norm(CudaLayers<Launcher>& layers) {
  layers.template add<BatchNorm>(run<Launcher>);
  layers.template add<BatchNormGradient>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
