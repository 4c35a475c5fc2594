// How a B that comes from memory is read for few rows of A.
#pragma once

#include <cstdint>

#include "backends/simd/kernels.h"

namespace whygpu::simd {

struct Streaming {
  std::int64_t steps = 8;  // rows of B that are read side by side
  bool fetched = false;    // ahead, by instructions of its own; otherwise by the processor
  bool measured = false;   // on this machine, not fixed
};

// The fastest on this machine for tiles of `rows` rows, of kernels with wide tiles. For up to four rows it is measured
// in about 60 ms, once for this machine (tuning_file.h): what is best differs between generations of one maker's
// processors by a factor of two. More rows are busy with arithmetic, and take a fixed way.
Streaming fastest_streaming(const Kernels& kernels, int rows);

}  // namespace whygpu::simd
