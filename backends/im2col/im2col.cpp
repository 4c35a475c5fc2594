#include "backends/im2col/im2col.h"

#include "backends/devices/ceil_div.h"

namespace whygpu::im2col {
namespace {

// The taps of one axis that reach one residue class of positions, by ascending offset in the output.
struct AxisTaps {
  std::vector<std::int64_t> taps, offsets;
};

AxisTaps forward_taps(std::int64_t taps, std::int64_t pad, std::int64_t dilation) {
  AxisTaps axis;
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    axis.taps.push_back(tap);
    axis.offsets.push_back(tap * dilation - pad);
  }
  return axis;
}

AxisTaps backward_taps(std::int64_t first, std::int64_t taps, std::int64_t stride, std::int64_t pad,
                       std::int64_t dilation) {
  AxisTaps axis;
  for (std::int64_t tap = taps - 1; tap >= 0; --tap) {
    const std::int64_t distance = first + pad - tap * dilation;
    if (distance % stride != 0) continue;
    axis.taps.push_back(tap);
    axis.offsets.push_back(distance / stride);
  }
  return axis;
}

}  // namespace

std::vector<Plane> planes_of(const Convolution& op) {
  if (op.pass != Pass::backward_data) {
    const AxisTaps rows = forward_taps(op.r, op.pad_h, op.dilation_h);
    const AxisTaps columns = forward_taps(op.s, op.pad_w, op.dilation_w);
    const Unrolling unrolling{op.h,   op.w,        op.c,        op.c / op.groups, op.p(),
                              op.q(), op.stride_h, op.stride_w, rows.offsets,     columns.offsets};
    return {{unrolling, 0, 0, rows.taps, columns.taps}};
  }
  std::vector<Plane> planes;
  for (std::int64_t i = 0; i < std::min(op.stride_h, op.h); ++i) {
    for (std::int64_t j = 0; j < std::min(op.stride_w, op.w); ++j) {
      const AxisTaps rows = backward_taps(i, op.r, op.stride_h, op.pad_h, op.dilation_h);
      const AxisTaps columns = backward_taps(j, op.s, op.stride_w, op.pad_w, op.dilation_w);
      const std::int64_t grid_h = ceil_div(op.h - i, op.stride_h), grid_w = ceil_div(op.w - j, op.stride_w);
      const Unrolling unrolling{op.p(), op.q(), op.k, op.k / op.groups, grid_h,
                                grid_w, 1,      1,    rows.offsets,     columns.offsets};
      planes.push_back({unrolling, i, j, rows.taps, columns.taps});
    }
  }
  return planes;
}

}  // namespace whygpu::im2col
