// Batch normalisation (Ioffe, Szegedy 2015), with the activation and residual that follow it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "backends/layers/common.h"
#include "whygpu/tensor.h"

namespace whygpu {

// y = activation((x - mean) · rstd · gamma + beta + residual), with statistics over the rows of each column, or given
// ones if `fixed`. The activation is none or relu. Arguments: x, gamma, beta, residual (if `residual`), y, mean, rstd.
struct BatchNorm {
  static constexpr std::string_view kName = "batch_norm";
  std::int64_t rows = 0, columns = 0;
  Activation activation = Activation::none;
  bool residual = false, fixed = false;
  DType dtype = DType::f32;  // of x, y and residual

  bool operator==(const BatchNorm&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec parameter{DType::f32, {columns}}, matrix{dtype, {rows, columns}};
    std::vector<TensorSpec> list = {matrix, parameter, parameter};
    if (residual) list.push_back(matrix);
    list.insert(list.end(), {matrix, parameter, parameter});
    return list;
  }
};

// Arguments: dy, x, y (relu only), gamma, mean, rstd, dx, dgamma, dbeta, dresidual (if `residual`).
struct BatchNormGradient {
  static constexpr std::string_view kName = "batch_norm_gradient";
  std::int64_t rows = 0, columns = 0;
  Activation activation = Activation::none;
  bool residual = false;
  DType dtype = DType::f32;  // of dy, x, y, dx and dresidual

  bool operator==(const BatchNormGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec parameter{DType::f32, {columns}}, matrix{dtype, {rows, columns}};
    std::vector<TensorSpec> list = {matrix, matrix};
    if (activation == Activation::relu) list.push_back(matrix);
    list.insert(list.end(), {parameter, parameter, parameter, matrix, parameter, parameter});
    if (residual) list.push_back(matrix);
    return list;
  }
};

}  // namespace whygpu
