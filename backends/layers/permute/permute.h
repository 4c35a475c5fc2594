// Permutation of axes, and changes of dtype.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// y's axis i is x's axis order[i]; with the order 0 1 2 3 4 only the dtype changes. Arguments: x, y.
struct Permute {
  static constexpr std::string_view kName = "permute";
  std::array<std::int64_t, 5> shape = {1, 1, 1, 1, 1};
  std::array<int, 5> order = {0, 1, 2, 3, 4};
  DType input = DType::f32, output = DType::f32;

  bool operator==(const Permute&) const = default;
  std::vector<TensorSpec> arguments() const {
    TensorSpec x{input, {}}, y{output, {}};
    for (int axis = 0; axis < 5; ++axis) {
      x.shape.push_back(shape[axis]);
      y.shape.push_back(shape[order[axis]]);
    }
    return {x, y};
  }
};

}  // namespace whygpu
