// Shared by the depthwise kernels.
#pragma once

#include "backends/cuda/convolution.h"
#include "backends/cuda/kernels/platform.h"

namespace whygpu::cuda {

inline constexpr int kDepthwiseThreads = 256;

// Neighbouring channels, loaded and stored together.
template <class T, int kCount>
struct alignas(kCount * sizeof(T) > 16 ? 16 : kCount * sizeof(T)) Vector {
  T at[kCount];
};

template <int kCount, class T>
__device__ __forceinline__ Vector<T, kCount> load_vector(const T* from) {
  return *reinterpret_cast<const Vector<T, kCount>*>(from);
}
template <int kCount, class T>
__device__ __forceinline__ void store_vector(T* to, const Vector<T, kCount>& values) {
  *reinterpret_cast<Vector<T, kCount>*>(to) = values;
}

inline std::string depthwise_description(const Convolution& op, int vector) {
  return "depthwise, direct, CUDA cores, " + std::to_string(vector) + (vector == 1 ? " channel" : " channels") +
         " at once, " + std::string(dtype_name(accumulator_of(op.dtype))) + " arithmetic";
}

// Backward weights; In is float, double, Float16 or BFloat16.
template <class In>
Plan plan_depthwise_weights(const Convolution& op, const Chip& chip);

}  // namespace whygpu::cuda
