// Stochastic gradient descent with momentum.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// v = momentum · v + dw, w = w - learning_rate · v. Arguments: dw, w, v, a bf16 copy of w (if `copy`).
struct SgdMomentum {
  static constexpr std::string_view kName = "sgd_momentum";
  std::int64_t count = 0;
  double learning_rate = 0.01, momentum = 0.9;
  bool copy = false;

  bool operator==(const SgdMomentum&) const = default;
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> list(3, {DType::f32, {count}});
    if (copy) list.push_back({DType::bf16, {count}});
    return list;
  }
};

}  // namespace whygpu
