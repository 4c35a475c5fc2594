#pragma once

#include "backends/layers/cuda/values.h"
#include "backends/layers/layer_norm/layer_norm.h"

namespace whygpu::cuda_layers {

struct LayerNormRow {
  Values x, y;
  const float *gamma, *beta;
  float *mean, *rstd;
  Index columns;
  template <class Team>
  WHYGPU_BOTH void operator()(Index row, Team& team) const {
    const Index first = row * columns;
    float sum = 0, squares = 0;
    for (Index i = team.index(); i < columns; i += team.size()) sum += x[first + i];
    const float center = team.sum(sum) / static_cast<float>(columns);
    for (Index i = team.index(); i < columns; i += team.size())
      squares += (x[first + i] - center) * (x[first + i] - center);
    const float scale =
        1.0F / sqrtf(team.sum(squares) / static_cast<float>(columns) + static_cast<float>(kNormEpsilon));
    for (Index i = team.index(); i < columns; i += team.size()) {
      y.set(first + i, (x[first + i] - center) * scale * gamma[i] + beta[i]);
    }
    if (team.index() == 0) {
      mean[row] = center;
      rstd[row] = scale;
    }
  }
};

struct LayerNormGradientRow {
  const float* dy;
  Values x;
  const float *gamma, *mean, *rstd, *addend;  // addend: null if absent
  float* dx;
  Index columns;
  template <class Team>
  WHYGPU_BOTH void operator()(Index row, Team& team) const {
    const Index first = row * columns;
    float sum = 0, sum_scaled = 0;
    for (Index i = team.index(); i < columns; i += team.size()) {
      const float d = dy[first + i] * gamma[i];
      sum += d;
      sum_scaled += d * (x[first + i] - mean[row]) * rstd[row];
    }
    const float mean_d = team.sum(sum) / static_cast<float>(columns);
    const float mean_scaled = team.sum(sum_scaled) / static_cast<float>(columns);
    for (Index i = team.index(); i < columns; i += team.size()) {
      const float scaled = (x[first + i] - mean[row]) * rstd[row];
      dx[first + i] = rstd[row] * (dy[first + i] * gamma[i] - mean_d - scaled * mean_scaled) +
                      (addend != nullptr ? addend[first + i] : 0);
    }
  }
};

// For layer norm, whose statistics are per row.
struct LayerNormGradientColumns {
  static constexpr int kSums = 2;
  const float* dy;
  Values x;
  const float *mean, *rstd;
  float *dgamma, *dbeta;
  Index columns;
  WHYGPU_BOTH void add(Index row, Index column, float* sums) const {
    const Index i = row * columns + column;
    sums[0] += dy[i] * (x[i] - mean[row]) * rstd[row];
    sums[1] += dy[i];
  }
  WHYGPU_BOTH void finish(Index column, const float* sums) const {
    dgamma[column] = sums[0];
    dbeta[column] = sums[1];
  }
};

template <class Launcher>
void run(const LayerNorm& op, Storage t, Launcher& launch) {
  launch.rows(
      op.rows,
      LayerNormRow{
          {t[0], op.input}, {t[3], op.output}, floats(t[1]), floats(t[2]), floats(t[4]), floats(t[5]), op.columns});
}

template <class Launcher>
void run(const LayerNormGradient& op, Storage t, Launcher& launch) {
  Storage results = t + (op.addend ? 6 : 5);
  const Values x{t[1], op.input};
  launch.rows(op.rows, LayerNormGradientRow{floats(t[0]), x, floats(t[2]), floats(t[3]), floats(t[4]),
                                            op.addend ? floats(t[5]) : nullptr, floats(results[0]), op.columns});
  launch.columns(op.rows, op.columns,
                 LayerNormGradientColumns{floats(t[0]), x, floats(t[3]), floats(t[4]), floats(results[1]),
                                          floats(results[2]), op.columns});
}

template <class Launcher>
void add_layer_norm(CudaLayers<Launcher>& layers) {
  layers.template add<LayerNorm>(run<Launcher>);
  layers.template add<LayerNormGradient>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
