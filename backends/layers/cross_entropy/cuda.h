#pragma once

#include "backends/layers/cross_entropy/cross_entropy.h"
#include "backends/layers/cuda/values.h"

namespace whygpu::cuda_layers {

struct LogSumExpRow {
  const float* x;
  float* logsumexp;
  Index columns;
  template <class Team>
  WHYGPU_BOTH void operator()(Index row, Team& team) const {
    const Index first = row * columns;
    float top = x[first], sum = 0;
    for (Index i = team.index(); i < columns; i += team.size()) top = x[first + i] > top ? x[first + i] : top;
    top = team.maximum(top);
    for (Index i = team.index(); i < columns; i += team.size()) sum += expf(x[first + i] - top);
    sum = team.sum(sum);
    if (team.index() == 0) logsumexp[row] = top + logf(sum);
  }
};

struct CrossEntropyTotal {
  const float *logits, *logsumexp;
  const std::int32_t* labels;
  float* loss;
  Index rows, columns;
  WHYGPU_BOTH float value(Index row) const { return logsumexp[row] - logits[row * columns + labels[row]]; }
  WHYGPU_BOTH void finish(float sum) const { *loss = sum / static_cast<float>(rows); }
};

struct CrossEntropyGradientElement {
  const float* logits;
  const std::int32_t* labels;
  const float* logsumexp;
  Values dx;
  Index rows, columns;
  WHYGPU_BOTH void operator()(Index i) const {
    const Index row = i / columns;
    const float label = i % columns == labels[row] ? 1 : 0;
    dx.set(i, (expf(logits[i] - logsumexp[row]) - label) / static_cast<float>(rows));
  }
};

template <class Launcher>
void run(const SoftmaxCrossEntropy& op, Storage t, Launcher& launch) {
  launch.rows(op.rows, LogSumExpRow{floats(t[0]), floats(t[2]), op.columns});
  launch.total(op.rows,
               CrossEntropyTotal{floats(t[0]), floats(t[2]), integers(t[1]), floats(t[3]), op.rows, op.columns});
}

template <class Launcher>
void run(const SoftmaxCrossEntropyGradient& op, Storage t, Launcher& launch) {
  launch.elements(
      op.rows * op.columns,
      CrossEntropyGradientElement{floats(t[0]), integers(t[1]), floats(t[2]), {t[3], op.output}, op.rows, op.columns});
}

template <class Launcher>
void add_cross_entropy(CudaLayers<Launcher>& layers) {
  layers.template add<SoftmaxCrossEntropy>(run<Launcher>);
  layers.template add<SoftmaxCrossEntropyGradient>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
