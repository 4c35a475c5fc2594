// Maximum and average pooling.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

enum class PoolingKind : std::uint8_t { maximum, average };

// Windows of window×window pixels that tile an NHWC image. Incomplete windows are dropped. Arguments: x, y.
struct Pooling {
  static constexpr std::string_view kName = "pooling";
  PoolingKind kind = PoolingKind::maximum;
  std::int64_t n = 0, h = 0, w = 0, c = 0, window = 2;
  DType dtype = DType::f32;

  bool operator==(const Pooling&) const = default;
  std::vector<TensorSpec> arguments() const { return {{dtype, {n, h, w, c}}, {dtype, {n, h / window, w / window, c}}}; }
};

// The gradient of a maximum goes to its first position in the window. Arguments: dy, x (maximum only), dx.
struct PoolingGradient {
  static constexpr std::string_view kName = "pooling_gradient";
  PoolingKind kind = PoolingKind::maximum;
  std::int64_t n = 0, h = 0, w = 0, c = 0, window = 2;
  DType dtype = DType::f32;

  bool operator==(const PoolingGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> list = {{dtype, {n, h / window, w / window, c}}, {dtype, {n, h, w, c}}};
    if (kind == PoolingKind::maximum) list.push_back({dtype, {n, h, w, c}});
    return list;
  }
};

}  // namespace whygpu
