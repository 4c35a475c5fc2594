// Shared by several layers.
#pragma once

#include <cstdint>

namespace whygpu {

// gelu is the tanh form: x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).
enum class Activation : std::uint8_t { none, relu, gelu };

inline constexpr double kNormEpsilon = 1e-5;  // added to the variances of layer and batch normalisation

}  // namespace whygpu
