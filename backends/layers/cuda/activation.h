// Activations and their derivatives.
#pragma once

#include "backends/layers/cuda/values.h"

namespace whygpu::cuda_layers {

constexpr float kGeluRoot = 0.7978845608F, kGeluCubic = 0.044715F;

// x/2 · (1 + tanh(u)) = x · σ(2u)
WHYGPU_BOTH inline float activate(Activation activation, float x) {
  if (activation == Activation::relu) return x > 0 ? x : 0;
  if (activation == Activation::gelu) return x * sigmoid(2 * kGeluRoot * (x + kGeluCubic * x * x * x));
  return x;
}

WHYGPU_BOTH inline float gelu_slope(float x) {
  const float s = sigmoid(2 * kGeluRoot * (x + kGeluCubic * x * x * x));
  return s + x * s * (1 - s) * 2 * kGeluRoot * (1 + 3 * kGeluCubic * x * x);
}

}  // namespace whygpu::cuda_layers
