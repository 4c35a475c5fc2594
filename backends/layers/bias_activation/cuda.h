#pragma once

#include "backends/layers/bias_activation/bias_activation.h"
#include "backends/layers/cuda/activation.h"
#include "backends/layers/cuda/values.h"

namespace whygpu::cuda_layers {

struct BiasActivationElement {
  Values x, y;
  const float *bias, *residual;  // residual: null if absent
  Index columns;
  Activation activation;
  WHYGPU_BOTH void operator()(Index i) const {
    y.set(i, activate(activation, x[i] + bias[i % columns]) + (residual != nullptr ? residual[i] : 0));
  }
};

struct BiasGradientColumns {
  static constexpr int kSums = 1;
  Values dy, saved, dx;  // saved, dx: null data if absent
  const float* bias;
  float* dbias;
  Index columns;
  Activation activation;
  WHYGPU_BOTH void add(Index row, Index column, float* sums) const {
    const Index i = row * columns + column;
    float d = dy[i];
    if (activation == Activation::relu) d = saved[i] > 0 ? d : 0;
    if (activation == Activation::gelu) d *= gelu_slope(saved[i] + bias[column]);
    if (dx.data != nullptr) dx.set(i, d);
    sums[0] += d;
  }
  WHYGPU_BOTH void finish(Index column, const float* sums) const { dbias[column] = sums[0]; }
};

template <class Launcher>
void run(const BiasActivation& op, Storage t, Launcher& launch) {
  void* y = t[op.residual ? 3 : 2];
  launch.elements(op.rows * op.columns, BiasActivationElement{{t[0], op.input},
                                                              {y, op.output},
                                                              floats(t[1]),
                                                              op.residual ? floats(t[2]) : nullptr,
                                                              op.columns,
                                                              op.activation});
}

template <class Launcher>
void run(const BiasActivationGradient& op, Storage t, Launcher& launch) {
  const bool saved = op.activation != Activation::none, gelu = op.activation == Activation::gelu;
  Storage results = t + 1 + (saved ? 1 : 0) + (gelu ? 1 : 0);
  launch.columns(op.rows, op.columns,
                 BiasGradientColumns{{t[0], op.input},
                                     {saved ? t[1] : nullptr, op.saved},
                                     {results[0], op.output},
                                     gelu ? floats(t[2]) : nullptr,
                                     floats(results[1]),
                                     op.columns,
                                     op.activation});
}

template <class Launcher>
void run(const ColumnSum& op, Storage t, Launcher& launch) {
  launch.columns(op.rows, op.columns,
                 BiasGradientColumns{{t[0], op.input}, {}, {}, nullptr, floats(t[1]), op.columns, Activation::none});
}

template <class Launcher>
void add_bias_activation(CudaLayers<Launcher>& layers) {
  layers.template add<BiasActivation>(run<Launcher>);
  layers.template add<BiasActivationGradient>(run<Launcher>);
  layers.template add<ColumnSum>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
