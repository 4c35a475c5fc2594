#pragma once

#include "backends/layers/cuda/values.h"
#include "backends/layers/sgd/sgd.h"

namespace whygpu::cuda_layers {

struct SgdMomentumElement {
  const float* dw;
  float *w, *v;
  Values copy;  // null data if absent
  float rate, momentum;
  WHYGPU_BOTH void operator()(Index i) const {
    v[i] = momentum * v[i] + dw[i];
    w[i] -= rate * v[i];
    if (copy.data != nullptr) copy.set(i, w[i]);
  }
};

template <class Launcher>
void run(const SgdMomentum& op, Storage t, Launcher& launch) {
  launch.elements(op.count, SgdMomentumElement{floats(t[0]),
                                               floats(t[1]),
                                               floats(t[2]),
                                               {op.copy ? t[3] : nullptr, DType::bf16},
                                               static_cast<float>(op.learning_rate),
                                               static_cast<float>(op.momentum)});
}

template <class Launcher>
void add_sgd(CudaLayers<Launcher>& layers) {
  layers.template add<SgdMomentum>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
