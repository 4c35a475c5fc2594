// The last step of backward weights: adds the partial sums over parts of the pixels in a fixed order and drops the
// zeros between channels.
#pragma once

#include "backends/cuda/kernels/convolution/staging.h"

namespace whygpu::cuda {

// The result is small and the sum long: many parts keep all multiprocessors busy.
inline constexpr int kMaxWeightSplits = 128;

// `layout` is how pad_kernel() would have padded the result.
template <class Sum>
__global__ void __launch_bounds__(256)
    add_weights(const Sum* partials, Sum* result, PadArguments layout, std::int64_t elements, int splits) {
  const std::int64_t i = std::int64_t{blockIdx.x} * 256 + threadIdx.x;
  const int packed_line = layout.cells * layout.channels;
  const std::int64_t line = i / packed_line;
  if (line >= layout.lines) return;
  const int within = static_cast<int>(i % packed_line);
  partials += line * layout.length + within / layout.channels * layout.cell + within % layout.channels;
  Sum sum = 0;
  for (int s = 0; s < splits; ++s) sum += partials[s * elements];
  result[i] = sum;
}

template <class Sum>
void launch_add_weights(const Sum* partials, Sum* result, const PadArguments& layout, int splits, CUstream_st* stream) {
  const std::int64_t results = layout.lines * layout.cells * layout.channels;
  launch(&add_weights<Sum>, {ceil_div(results, 256), 256}, stream, partials, result, layout,
         layout.lines * layout.length, splits);
}

}  // namespace whygpu::cuda
