// One element of a column matrix, and one element of an image summed from its columns. Plain functions of indices,
// shared by the kernels and their host test. backends/openblas/im2col.h
// copies runs of channels instead, and has no columns to sum dx from.
#pragma once

#include <cstdint>

#include "backends/cublas/host_device.h"

namespace whygpu {

// A convolution whose channels are counted in units of one or more channels.
struct ColumnShape {
  int h, w, c, groups, r, s, p, q;
  int stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;

  WHYGPU_HOST_DEVICE int group_c() const { return c / groups; }
  WHYGPU_HOST_DEVICE int width() const { return r * s * group_c(); }  // values in a row
};

// Element `within`, in [0, width), of the row of group `group` for output pixel (p, q). `image` is [h, w, c].
template <class T>
WHYGPU_HOST_DEVICE T column_value(const ColumnShape& shape, const T* image, int p, int q, int group, int within) {
  const int tap = within / shape.group_c();
  const int channel = group * shape.group_c() + within % shape.group_c();
  const int h = p * shape.stride_h - shape.pad_h + tap / shape.s * shape.dilation_h;
  const int w = q * shape.stride_w - shape.pad_w + tap % shape.s * shape.dilation_w;
  if (h < 0 || h >= shape.h || w < 0 || w >= shape.w) return T{};
  return image[(std::int64_t{h} * shape.w + w) * shape.c + channel];
}

// The sum over all columns that hold input value (h, w, c) of an image. `columns` is [groups][pixels][width]; the
// image's rows start at `first_pixel` and cover output lines [first_line, first_line + lines).
template <class Sum>
WHYGPU_HOST_DEVICE Sum column_sum(const ColumnShape& shape, const Sum* columns, std::int64_t pixels,
                                  std::int64_t first_pixel, int first_line, int lines, int h, int w, int c) {
  const int group = c / shape.group_c();
  const int within_tap = c % shape.group_c();
  Sum sum = 0;
  for (int r = 0; r < shape.r; ++r) {
    const int from_h = h + shape.pad_h - r * shape.dilation_h;
    const int line = from_h / shape.stride_h - first_line;
    if (from_h < 0 || from_h % shape.stride_h != 0 || line < 0 || line >= lines) continue;
    for (int s = 0; s < shape.s; ++s) {
      const int from_w = w + shape.pad_w - s * shape.dilation_w;
      const int q = from_w / shape.stride_w;
      if (from_w < 0 || from_w % shape.stride_w != 0 || q >= shape.q) continue;
      const std::int64_t pixel = first_pixel + std::int64_t{line} * shape.q + q;
      sum += columns[(group * pixels + pixel) * shape.width() + (r * shape.s + s) * shape.group_c() + within_tap];
    }
  }
  return sum;
}

}  // namespace whygpu
