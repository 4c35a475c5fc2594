// A product with bias, activation and residual as one operation. Only backends have such kernels (Backend::layers());
// where there is none, the two run one after the other.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "backends/layers/bias_activation/bias_activation.h"
#include "whygpu/backend.h"

namespace whygpu {

// y = activation(product + bias) + residual. Arguments: the product's two operands, bias[columns], residual (if
// `then.residual`), y, all as the product and `then` describe them. A convolution must be of the forward pass.
struct FusedBiasActivation {
  static constexpr std::string_view kName = "fused_bias_activation";
  Op product;
  BiasActivation then;

  bool operator==(const FusedBiasActivation&) const = default;
  std::vector<TensorSpec> arguments() const {
    const std::vector<TensorSpec> operands = whygpu::arguments(product), following = then.arguments();
    std::vector<TensorSpec> list = {operands[0], operands[1]};
    list.insert(list.end(), following.begin() + 1, following.end());
    list.back() = operands[2];
    return list;
  }
};

}  // namespace whygpu
