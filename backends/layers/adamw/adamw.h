// AdamW (Loshchilov, Hutter 2019).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), ε outside the root. Arguments: dw, w,
// first and second moment, steps taken so far (s32, incremented), a bf16 copy of w (if `copy`).
struct AdamW {
  static constexpr std::string_view kName = "adamw";
  std::int64_t count = 0;
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0.01;
  bool copy = false;

  bool operator==(const AdamW&) const = default;
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> list(4, {DType::f32, {count}});
    list.push_back({DType::s32, {1}});
    if (copy) list.push_back({DType::bf16, {count}});
    return list;
  }
};

}  // namespace whygpu
