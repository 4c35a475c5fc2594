// Mean squared error, the loss of regression.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// loss = mean (x - target)². Arguments: x, target (f32), loss.
struct MeanSquare {
  static constexpr std::string_view kName = "mean_square";
  std::int64_t count = 0;
  DType input = DType::f32;

  bool operator==(const MeanSquare&) const = default;
  std::vector<TensorSpec> arguments() const { return {{input, {count}}, {DType::f32, {count}}, {DType::f32, {1}}}; }
};

// Arguments: x, target, dx.
struct MeanSquareGradient {
  static constexpr std::string_view kName = "mean_square_gradient";
  std::int64_t count = 0;
  DType input = DType::f32;  // of x and dx

  bool operator==(const MeanSquareGradient&) const = default;
  std::vector<TensorSpec> arguments() const { return {{input, {count}}, {DType::f32, {count}}, {input, {count}}}; }
};

}  // namespace whygpu
