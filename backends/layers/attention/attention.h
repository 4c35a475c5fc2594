// The softmax of causal attention. Its products are GEMMs.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// Row i of each length×length matrix: softmax of scale · x[0..i], and zero after i. Arguments: x (f32), y.
struct CausalSoftmax {
  static constexpr std::string_view kName = "causal_softmax";
  std::int64_t batch = 0, length = 0;
  double scale = 1;
  DType output = DType::f32;

  bool operator==(const CausalSoftmax&) const = default;
  std::vector<TensorSpec> arguments() const {
    return {{DType::f32, {batch, length, length}}, {output, {batch, length, length}}};
  }
};

// Arguments: dy (f32), y, dx (y's dtype).
struct CausalSoftmaxGradient {
  static constexpr std::string_view kName = "causal_softmax_gradient";
  std::int64_t batch = 0, length = 0;
  double scale = 1;
  DType output = DType::f32;

  bool operator==(const CausalSoftmaxGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    const std::vector<std::int64_t> shape = {batch, length, length};
    return {{DType::f32, shape}, {output, shape}, {output, shape}};
  }
};

}  // namespace whygpu
