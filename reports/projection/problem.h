// What is projected: one operation, and how its data gets to the card.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "reports/results/records.h"

namespace whygpu::projection {

struct Gemm {
  double m = 1, n = 1, k = 1, batch = 1;
  std::string dtype = "f32";
  bool along_k = false;  // both operands are stored along k: trans=nt
};

enum class Pass : std::uint8_t { forward, backward_data, backward_weights };
constexpr auto enum_names(Pass) {
  return std::array<std::string_view, 3>{"forward", "backward_data", "backward_weights"};
}

struct Convolution {
  double n = 1, c = 1, h = 1, w = 1, k = 1, r = 1, s = 1;
  double stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1, groups = 1;
  Pass pass = Pass::forward;
  std::string dtype = "f32";

  double p() const;  // output height
  double q() const;  // output width
};

// Element-wise work and copies on the card: bytes read and written.
struct Traffic {
  double bytes = 0;
};

using Problem = std::variant<Gemm, Convolution, Traffic>;

struct DataPath {
  Offload offload = Offload::kernel;
  double reuse = 1;  // operations for each transfer, of offload=once
};

// Bytes of one element; 0 for an unknown dtype.
double element_bytes(const std::string& dtype);
// Bytes of the result's elements, which for narrow types are wider than the operands.
double result_bytes(const std::string& dtype);

// Operands and result, of which those for the card and those from it.
struct Footprint {
  double to_card = 0, from_card = 0;
  double total() const { return to_card + from_card; }
};
Footprint footprint_of(const Problem& problem);

}  // namespace whygpu::projection
