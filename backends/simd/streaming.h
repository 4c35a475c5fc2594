// How a B that comes from memory is read for few rows of A.
#pragma once

#include <cstdint>

#include "backends/simd/kernels.h"

namespace whygpu::simd {

struct Streaming {
  std::int64_t steps = 8;  // rows of B that are read side by side
  bool fetched = false;    // ahead, by instructions of its own; otherwise by the processor
};

// The fastest on this machine for tiles of `rows` rows, of kernels with wide tiles. Measured once in a process, in
// about 20 ms: what is best differs between generations of one maker's processors by a factor of two.
Streaming fastest_streaming(const Kernels& kernels, int rows);

}  // namespace whygpu::simd
