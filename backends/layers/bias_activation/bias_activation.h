// Bias, activation and residual in one pass over a matrix.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "backends/layers/common.h"
#include "whygpu/tensor.h"

namespace whygpu {

// y = activation(x + bias) + residual. Arguments: x, bias[columns], residual (if `residual`; f32), y, which may be x.
struct BiasActivation {
  static constexpr std::string_view kName = "bias_activation";
  std::int64_t rows = 0, columns = 0;
  Activation activation = Activation::none;
  bool residual = false;
  DType input = DType::f32, output = DType::f32;

  bool operator==(const BiasActivation&) const = default;
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> list = {{input, {rows, columns}}, {DType::f32, {columns}}};
    if (residual) list.push_back({DType::f32, {rows, columns}});
    list.push_back({output, {rows, columns}});
    return list;
  }
};

// dx = dy · activation'(x + bias), dbias = the sum of dx over the rows. Arguments: dy, the derivative's operands (relu:
// y; gelu: x, bias; none: nothing), dx, dbias.
struct BiasActivationGradient {
  static constexpr std::string_view kName = "bias_activation_gradient";
  std::int64_t rows = 0, columns = 0;
  Activation activation = Activation::none;
  DType input = DType::f32, saved = DType::f32, output = DType::f32;  // of dy, of x or y, of dx

  bool operator==(const BiasActivationGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> list = {{input, {rows, columns}}};
    if (activation != Activation::none) list.push_back({saved, {rows, columns}});
    if (activation == Activation::gelu) list.push_back({DType::f32, {columns}});
    list.push_back({output, {rows, columns}});
    list.push_back({DType::f32, {columns}});
    return list;
  }
};

// Arguments: x, sum over the rows.
struct ColumnSum {
  static constexpr std::string_view kName = "column_sum";
  std::int64_t rows = 0, columns = 0;
  DType input = DType::f32;

  bool operator==(const ColumnSum&) const = default;
  std::vector<TensorSpec> arguments() const { return {{input, {rows, columns}}, {DType::f32, {columns}}}; }
};

}  // namespace whygpu
