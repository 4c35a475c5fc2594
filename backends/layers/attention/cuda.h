#pragma once

#include "backends/layers/attention/attention.h"
#include "backends/layers/cuda/values.h"

namespace whygpu::cuda_layers {

struct CausalSoftmaxRow {
  const float* x;
  Values y;
  Index length;
  float scale;
  template <class Team>
  WHYGPU_BOTH void operator()(Index row, Team& team) const {
    const Index first = row * length, seen = row % length + 1;
    float top = x[first], sum = 0;
    for (Index i = team.index(); i < seen; i += team.size()) top = x[first + i] > top ? x[first + i] : top;
    top = team.maximum(top);
    for (Index i = team.index(); i < seen; i += team.size()) sum += expf(scale * (x[first + i] - top));
    sum = team.sum(sum);
    for (Index i = team.index(); i < length; i += team.size()) {
      y.set(first + i, i < seen ? expf(scale * (x[first + i] - top)) / sum : 0);
    }
  }
};

struct CausalSoftmaxGradientRow {
  const float* dy;
  Values y, dx;
  Index length;
  float scale;
  template <class Team>
  WHYGPU_BOTH void operator()(Index row, Team& team) const {
    const Index first = row * length, seen = row % length + 1;
    float sum = 0;
    for (Index i = team.index(); i < seen; i += team.size()) sum += dy[first + i] * y[first + i];
    sum = team.sum(sum);
    for (Index i = team.index(); i < length; i += team.size()) {
      dx.set(first + i, i < seen ? scale * y[first + i] * (dy[first + i] - sum) : 0);
    }
  }
};

template <class Launcher>
void run(const CausalSoftmax& op, Storage t, Launcher& launch) {
  launch.rows(op.batch * op.length,
              CausalSoftmaxRow{floats(t[0]), {t[1], op.output}, op.length, static_cast<float>(op.scale)});
}

template <class Launcher>
void run(const CausalSoftmaxGradient& op, Storage t, Launcher& launch) {
  launch.rows(op.batch * op.length,
              CausalSoftmaxGradientRow{
                  floats(t[0]), {t[1], op.output}, {t[2], op.output}, op.length, static_cast<float>(op.scale)});
}

template <class Launcher>
void add_attention(CudaLayers<Launcher>& layers) {
  layers.template add<CausalSoftmax>(run<Launcher>);
  layers.template add<CausalSoftmaxGradient>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
