// What follows a product or a convolution in one operation, on parts of the result while they are in the cache.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "backends/devices/thread_team.h"
#include "backends/layers/bias_activation/fused.h"
#include "backends/simd/kernels.h"
#include "whygpu/host_device.h"

namespace whygpu::simd {

// c = activation(c + bias) + residual.
struct Epilogue {
  const std::byte* bias = nullptr;      // a value for each column
  const std::byte* residual = nullptr;  // like the result; null: none
  bool relu = false;
};

// Of the arguments of a FusedBiasActivation.
inline Epilogue epilogue_of(const BiasActivation& then, std::span<Tensor* const> tensors) {
  return {.bias = host_data<const std::byte>(tensors[2]),
          .residual = then.residual ? host_data<const std::byte>(tensors[3]) : nullptr,
          .relu = then.activation == Activation::relu};
}

// ", bias, relu and residual on parts of the result"
std::string describe(const BiasActivation& then);

// Fused operations over row-major tensors, by the default variant; null if they have to run one after the other.
std::unique_ptr<Operation> prepare_fused(const FusedBiasActivation& fused, ThreadTeam& team);
std::unique_ptr<Operation> prepare_fused_gemm(const FusedBiasActivation& fused, const Kernels& kernels,
                                              ThreadTeam& team);
std::unique_ptr<Operation> prepare_fused_convolution(const FusedBiasActivation& fused, const Kernels& kernels,
                                                     ThreadTeam& team);

}  // namespace whygpu::simd
