#pragma once

#include "backends/layers/adamw/adamw.h"
#include "backends/layers/cuda/values.h"

namespace whygpu::cuda_layers {

struct CountElement {
  std::int32_t* steps;
  WHYGPU_BOTH void operator()(Index) const { ++*steps; }
};

struct AdamWElement {
  const float* dw;
  float *w, *m, *v;
  const std::int32_t* steps;
  Values copy;
  float rate, kept, beta1, beta2, log_beta1, log_beta2, epsilon;
  WHYGPU_BOTH void operator()(Index i) const {
    const auto t = static_cast<float>(*steps);
    m[i] = beta1 * m[i] + (1 - beta1) * dw[i];
    v[i] = beta2 * v[i] + (1 - beta2) * dw[i] * dw[i];
    // 1 - β^t without cancellation.
    const float first = m[i] / -expm1f(t * log_beta1), second = v[i] / -expm1f(t * log_beta2);
    w[i] = kept * w[i] - rate * first / (sqrtf(second) + epsilon);
    if (copy.data != nullptr) copy.set(i, w[i]);
  }
};

template <class Launcher>
void run(const AdamW& op, Storage t, Launcher& launch) {
  launch.elements(1, CountElement{static_cast<std::int32_t*>(t[4])});
  launch.elements(op.count, AdamWElement{floats(t[0]),
                                         floats(t[1]),
                                         floats(t[2]),
                                         floats(t[3]),
                                         integers(t[4]),
                                         {op.copy ? t[5] : nullptr, DType::bf16},
                                         static_cast<float>(op.learning_rate),
                                         static_cast<float>(1 - op.learning_rate * op.weight_decay),
                                         static_cast<float>(op.beta1),
                                         static_cast<float>(op.beta2),
                                         static_cast<float>(std::log(op.beta1)),
                                         static_cast<float>(std::log(op.beta2)),
                                         static_cast<float>(op.epsilon)});
}

template <class Launcher>
void add_adamw(CudaLayers<Launcher>& layers) {
  layers.template add<AdamW>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
