// Softmax and cross-entropy, the loss of classification.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// loss = mean over the rows of logsumexp(logits) - logits[label]. Arguments: logits, labels[rows], logsumexp[rows],
// loss.
struct SoftmaxCrossEntropy {
  static constexpr std::string_view kName = "softmax_cross_entropy";
  std::int64_t rows = 0, columns = 0;

  bool operator==(const SoftmaxCrossEntropy&) const = default;
  std::vector<TensorSpec> arguments() const {
    return {{DType::f32, {rows, columns}}, {DType::s32, {rows}}, {DType::f32, {rows}}, {DType::f32, {1}}};
  }
};

// Arguments: logits, labels, logsumexp, dlogits.
struct SoftmaxCrossEntropyGradient {
  static constexpr std::string_view kName = "softmax_cross_entropy_gradient";
  std::int64_t rows = 0, columns = 0;
  DType output = DType::f32;

  bool operator==(const SoftmaxCrossEntropyGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    return {{DType::f32, {rows, columns}}, {DType::s32, {rows}}, {DType::f32, {rows}}, {output, {rows, columns}}};
  }
};

}  // namespace whygpu
