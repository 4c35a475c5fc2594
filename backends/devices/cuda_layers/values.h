// What kernels for the layers' operations share. Everything under cuda_layers/ compiles for GPUs and, without CUDA, for
// the host, where its tests run it.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "backends/layer_operations.h"

#ifdef __CUDACC__
#define WHYGPU_BOTH __host__ __device__
#else
#define WHYGPU_BOTH
#endif

namespace whygpu::cuda_layers {

using Index = std::int64_t;

// f32 or bf16 values in device memory.
struct Values {
  void* data = nullptr;
  bool narrow = false;

  Values() = default;
  Values(void* pointer, DType dtype) : data(pointer), narrow(dtype == DType::bf16) {}

  WHYGPU_BOTH float operator[](Index i) const {
    if (!narrow) return static_cast<const float*>(data)[i];
    const std::uint32_t word = std::uint32_t{static_cast<const std::uint16_t*>(data)[i]} << 16;
    float value;
    std::memcpy(&value, &word, sizeof value);
    return value;
  }
  // Rounds to nearest even; NaN stays NaN.
  WHYGPU_BOTH void set(Index i, float value) const {
    if (!narrow) {
      static_cast<float*>(data)[i] = value;
      return;
    }
    std::uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    const std::uint32_t rounded = (word + 0x7fff + ((word >> 16) & 1)) >> 16;
    static_cast<std::uint16_t*>(data)[i] = static_cast<std::uint16_t>(value != value ? 0x7fc0 : rounded);
  }
};

inline const float* floats(const void* pointer) { return static_cast<const float*>(pointer); }
inline float* floats(void* pointer) { return static_cast<float*>(pointer); }

WHYGPU_BOTH inline float sigmoid(float x) { return 1.0F / (1.0F + expf(-x)); }

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

WHYGPU_BOTH inline void atomic_add(float* sum, float value) {
#ifdef __CUDA_ARCH__
  atomicAdd(sum, value);
#else
  *sum += value;
#endif
}

}  // namespace whygpu::cuda_layers
