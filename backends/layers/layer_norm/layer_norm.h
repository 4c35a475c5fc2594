// Layer normalisation (Ba, Kiros, Hinton 2016).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "backends/layers/common.h"
#include "whygpu/tensor.h"

namespace whygpu {

// y = (x - mean) · rstd · gamma + beta with each row's own mean and 1/√(variance + ε).
// Arguments: x, gamma, beta, y, mean[rows], rstd[rows].
struct LayerNorm {
  static constexpr std::string_view kName = "layer_norm";
  std::int64_t rows = 0, columns = 0;
  DType input = DType::f32, output = DType::f32;

  bool operator==(const LayerNorm&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec parameter{DType::f32, {columns}}, statistic{DType::f32, {rows}};
    return {{input, {rows, columns}}, parameter, parameter, {output, {rows, columns}}, statistic, statistic};
  }
};

// Arguments: dy, x, gamma, mean, rstd, addend (if `addend`; f32, added to dx), dx, dgamma, dbeta.
struct LayerNormGradient {
  static constexpr std::string_view kName = "layer_norm_gradient";
  std::int64_t rows = 0, columns = 0;
  bool addend = false;
  DType input = DType::f32;  // of x; dy and dx are f32

  bool operator==(const LayerNormGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec parameter{DType::f32, {columns}}, statistic{DType::f32, {rows}},
        matrix{DType::f32, {rows, columns}};
    std::vector<TensorSpec> list = {matrix, {input, {rows, columns}}, parameter, statistic, statistic};
    if (addend) list.push_back(matrix);
    list.insert(list.end(), {matrix, parameter, parameter});
    return list;
  }
};

}  // namespace whygpu
