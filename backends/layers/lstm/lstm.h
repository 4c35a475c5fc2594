// Long short-term memory (Hochreiter, Schmidhuber 1997).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// One step of a long short-term memory. With i, f, g, o the quarters of a = input_part + state_part + bias:
// c = σ(f) · c_before + σ(i) · tanh(g), h = σ(o) · tanh(c). Arguments: input_part[rows, 4·width],
// state_part[rows, 4·width], bias[4·width], c_before[rows, width], gates[rows, 4·width] (after σ and tanh), c, h.
struct LstmCell {
  static constexpr std::string_view kName = "lstm_cell";
  std::int64_t rows = 0, width = 0;
  DType output = DType::f32;  // of h; the rest is f32

  bool operator==(const LstmCell&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec gates{DType::f32, {rows, 4 * width}}, state{DType::f32, {rows, width}};
    return {gates, gates, {DType::f32, {4 * width}}, state, gates, state, {output, {rows, width}}};
  }
};

// Arguments: dh from the layer above, dh and dc from the step after, gates, c_before, c, da[rows, 4·width], dc_before.
struct LstmCellGradient {
  static constexpr std::string_view kName = "lstm_cell_gradient";
  std::int64_t rows = 0, width = 0;
  DType output = DType::f32;  // of da; the rest is f32

  bool operator==(const LstmCellGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec gates{DType::f32, {rows, 4 * width}}, state{DType::f32, {rows, width}};
    return {state, state, state, gates, state, state, {output, {rows, 4 * width}}, state};
  }
};

}  // namespace whygpu
