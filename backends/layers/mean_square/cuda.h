#pragma once

#include "backends/layers/cuda/values.h"
#include "backends/layers/mean_square/mean_square.h"

namespace whygpu::cuda_layers {

struct MeanSquareTotal {
  Values x;
  const float* target;
  float* loss;
  Index count;
  WHYGPU_BOTH float value(Index i) const { return (x[i] - target[i]) * (x[i] - target[i]); }
  WHYGPU_BOTH void finish(float sum) const { *loss = sum / static_cast<float>(count); }
};

struct MeanSquareGradientElement {
  Values x, dx;
  const float* target;
  float scale;
  WHYGPU_BOTH void operator()(Index i) const { dx.set(i, (x[i] - target[i]) * scale); }
};

template <class Launcher>
void run(const MeanSquare& op, Storage t, Launcher& launch) {
  launch.total(op.count, MeanSquareTotal{{t[0], op.input}, floats(t[1]), floats(t[2]), op.count});
}

template <class Launcher>
void run(const MeanSquareGradient& op, Storage t, Launcher& launch) {
  launch.elements(op.count, MeanSquareGradientElement{
                                {t[0], op.input}, {t[2], op.input}, floats(t[1]), 2.0F / static_cast<float>(op.count)});
}

template <class Launcher>
void add_mean_square(CudaLayers<Launcher>& layers) {
  layers.template add<MeanSquare>(run<Launcher>);
  layers.template add<MeanSquareGradient>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
