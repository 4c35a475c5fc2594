// Rows of im2col's matrix, a slice of the columns at a time, written where tiles read them: the matrix never exists as
// a whole (backends/im2col/im2col.h describes it).
#pragma once

#include <vector>

#include "backends/im2col/im2col.h"
#include "backends/simd/kernels.h"

namespace whygpu::simd {

// Some columns of the matrix: all channels of some taps, or some channels of one.
struct Slice {
  std::int64_t first_tap = 0, taps = 0, first_channel = 0, channels = 0;

  std::int64_t columns() const { return taps * channels; }
};

// Slices of about equal width, at most `most` columns if a channel more than that is not needed.
std::vector<Slice> slices_of(const im2col::Unrolling& unrolling, std::int64_t most);

// Writes rows [first, first + count) of a slice, `out_row` bytes apart. `source`: the first of the row's channels.
void unroll(const im2col::Unrolling& unrolling, const Slice& slice, const std::byte* source, int value_bytes,
            std::int64_t first, std::int64_t count, std::byte* out, std::int64_t out_row);

}  // namespace whygpu::simd
