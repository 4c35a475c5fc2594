// Chooses a tile by timing every one that fits the device.
#pragma once

#include "backends/opencl/kernels.h"

namespace whygpu::opencl {

struct Choice {
  Tile tile;
  // "fastest of 8 with a hot cache", and on which smaller problem it was timed; empty for a single tile
  std::string how;
};

// Remembers its choices, so that operations of equal sizes are timed once.
class Chooser {
 public:
  Chooser(Compiler& compiler, const Limits& limits) : compiler_(compiler), limits_(limits) {}

  // Throws std::runtime_error if no tile fits or runs.
  Choice choose(const Gemm& op, const Variant& variant, bool cold);
  Choice choose(const Convolution& op, const Variant& variant, bool cold);

 private:
  template <class Shape>
  Choice choose_for(const Shape& op, const Variant& variant, bool cold);

  Compiler& compiler_;
  Limits limits_;
  std::map<std::string, std::size_t> chosen_;
};

}  // namespace whygpu::opencl
