// Elementwise addition.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// Arguments: a, b, a + b.
struct Add {
  static constexpr std::string_view kName = "add";
  std::int64_t count = 0;
  DType dtype = DType::f32;

  bool operator==(const Add&) const = default;
  std::vector<TensorSpec> arguments() const { return {{dtype, {count}}, {dtype, {count}}, {dtype, {count}}}; }
};

}  // namespace whygpu
