// Unrolls images into matrices, which turns convolution into a matrix product (Chellapilla, Puri, Simard, "High
// performance convolutional neural networks for document processing", 2006).
//
// Not the arithmetic of backends/cublas/im2col_values.h: rows are copied in runs of channels, from lists of offsets
// that serve dx as well (which is gathered from dy, plane by plane), where a GPU's thread finds one value by its index
// and sums dx from columns.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "whygpu/backend.h"

namespace whygpu::im2col {

// A matrix with one row for each pixel of a grid. Row (n, i, j) holds, for each tap (a, b), the channels of source
// pixel (n, i·step_h + offsets_h[a], j·step_w + offsets_w[b]), or zeros if that is outside the image.
struct Unrolling {
  std::int64_t source_h = 0, source_w = 0, source_c = 0;  // NHWC images
  std::int64_t channels = 0;                              // of source_c, the channels in a row
  std::int64_t grid_h = 0, grid_w = 0, step_h = 1, step_w = 1;
  std::vector<std::int64_t> offsets_h, offsets_w;  // ascending

  std::int64_t taps() const { return static_cast<std::int64_t>(offsets_h.size() * offsets_w.size()); }
  std::int64_t depth() const { return taps() * channels; }  // columns of the matrix

  // Whether the matrix is the source itself, with rows source_c apart.
  bool is_source() const {
    return taps() == 1 && offsets_h[0] == 0 && offsets_w[0] == 0 && step_h == 1 && step_w == 1 && grid_h == source_h &&
           grid_w == source_w;
  }
};

// Part of a result that is one matrix product per group. The forward pass has one plane, all pixels of y. The pixels of
// dx are split into stride_h × stride_w planes: pixel (i, j) of a plane is at (first_h + i·stride_h, first_w +
// j·stride_w). All pixels of a plane have the same taps, possibly none.
struct Plane {
  Unrolling unrolling;  // of x, or of dy
  std::int64_t first_h = 0, first_w = 0;
  std::vector<std::int64_t> taps_h, taps_w;  // of the filter, in the order of the unrolled columns
};

// The unrolling of x for the forward pass and for backward weights, of dy for backward data.
std::vector<Plane> planes_of(const Convolution& op);

// Writes rows [first, first + count), depth() values each. `source` points to the first of the row's channels.
template <class T>
void unroll(const Unrolling& u, const T* source, std::int64_t first, std::int64_t count, T* out) {
  if (u.taps() == 0) return;
  const auto taps_w = static_cast<std::int64_t>(u.offsets_w.size());
  const bool dense = u.channels == u.source_c && u.offsets_w.back() - u.offsets_w.front() == taps_w - 1;
  std::int64_t j = first % u.grid_w, i = first / u.grid_w % u.grid_h, n = first / u.grid_w / u.grid_h;
  for (std::int64_t row = 0; row < count; ++row) {
    for (const std::int64_t offset_h : u.offsets_h) {
      const std::int64_t h = i * u.step_h + offset_h;
      if (h < 0 || h >= u.source_h) {
        out = std::fill_n(out, taps_w * u.channels, T{0});
        continue;
      }
      const T* line = source + (n * u.source_h + h) * u.source_w * u.source_c;
      const std::int64_t left = j * u.step_w + u.offsets_w.front(), right = j * u.step_w + u.offsets_w.back();
      if (dense && left >= 0 && right < u.source_w) {
        out = std::copy_n(line + left * u.source_c, taps_w * u.channels, out);
        continue;
      }
      for (const std::int64_t offset_w : u.offsets_w) {
        const std::int64_t w = j * u.step_w + offset_w;
        const bool inside = w >= 0 && w < u.source_w;
        out = inside ? std::copy_n(line + w * u.source_c, u.channels, out) : std::fill_n(out, u.channels, T{0});
      }
    }
    if (++j == u.grid_w) {
      j = 0;
      if (++i == u.grid_h) {
        i = 0;
        ++n;
      }
    }
  }
}

}  // namespace whygpu::im2col
