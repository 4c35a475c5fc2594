// Images and filters in the form that tensor-core kernels read: channels in whole 16-byte chunks. Anything else is
// copied with zeros in between on every run, so the copy is part of the measurement.
//
// An image of very few channels is stored by rows instead: a filter's row of S taps reads S · C neighbouring values, so
// the convolution becomes one of R taps over S · C overlapping channels, and only the row is rounded up to whole
// chunks.
#pragma once

#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/convolution/dense.h"
#include "backends/cuda/kernels/pack.h"

namespace whygpu::cuda {

template <class T>
constexpr int kChunk = 16 / static_cast<int>(sizeof(T));

template <class T>
int whole_chunks(std::int64_t elements) {
  return static_cast<int>(ceil_div(elements, kChunk<T>) * kChunk<T>);
}

// Copies lines of `cells` cells of `channels` values to lines of `length` values with cells of `cell`, after `border`
// empty cells; zero elsewhere.
struct PadArguments {
  std::int64_t lines;
  int cells, channels, length, cell, border;
};

// One chunk per thread.
template <class T>
__global__ void __launch_bounds__(256) pad_kernel(const T* source, T* padded, PadArguments args) {
  const std::int64_t index = std::int64_t{blockIdx.x} * 256 + threadIdx.x;
  const int chunks = args.length / kChunk<T>;
  const std::int64_t line = index / chunks;
  if (line >= args.lines) return;
  const int first = static_cast<int>(index % chunks) * kChunk<T>;
  int cell = first / args.cell - args.border, channel = first % args.cell;
  source += line * args.cells * args.channels;

  alignas(16) T values[kChunk<T>];
#pragma unroll
  for (int i = 0; i < kChunk<T>; ++i) {
    const bool inside = cell >= 0 && cell < args.cells && channel < args.channels;
    values[i] = inside ? source[cell * args.channels + channel] : T();
    if (++channel == args.cell) {
      channel = 0;
      ++cell;
    }
  }
  *reinterpret_cast<int4*>(padded + line * args.length + first) = *reinterpret_cast<const int4*>(values);
}

template <class T>
const T* launch_pad(const void* source, void* padded, const PadArguments& args, CUstream_st* stream) {
  launch(&pad_kernel<T>, {ceil_div(args.lines * (args.length / kChunk<T>), 256), 256}, stream,
         static_cast<const T*>(source), static_cast<T*>(padded), args);
  return static_cast<const T*>(padded);
}

// Images in the layout that a kernel reads: lines of pixels of `groups` cells each.
struct ImageLayout {
  int images, height, width, channels;     // of the source; channels per group
  int groups, cell, stored_width, border;  // as stored; cell: values per cell
  bool by_rows;

  bool packed() const { return by_rows || cell != channels; }
  int pixel_pitch() const { return groups * cell; }
  int line_pitch() const { return stored_width * pixel_pitch(); }
  std::int64_t elements() const { return std::int64_t{images} * height * line_pitch(); }
  PadArguments padding() const {
    return {std::int64_t{images} * height, width * groups, channels, line_pitch(), cell, border};
  }
  std::string description(std::string_view name) const {
    if (!packed()) return {};
    return ", " + std::string(name) + (by_rows ? " by rows" : "") + " padded to " + std::to_string(cell) +
           " channels first";
  }
};

template <class T>
ImageLayout y_layout(const Convolution& op) {
  const int channels = static_cast<int>(op.k / op.groups), q = static_cast<int>(op.q());
  return {static_cast<int>(op.n),
          static_cast<int>(op.p()),
          q,
          channels,
          static_cast<int>(op.groups),
          whole_chunks<T>(channels),
          q,
          0,
          false};
}

template <class T>
ImageLayout x_layout(const Convolution& op) {
  const int channels = static_cast<int>(op.c / op.groups), width = static_cast<int>(op.w);
  ImageLayout layout{static_cast<int>(op.n),
                     static_cast<int>(op.h),
                     width,
                     channels,
                     static_cast<int>(op.groups),
                     whole_chunks<T>(channels),
                     width,
                     0,
                     false};
  if (op.groups > 1 || op.dilation_w > 1 || op.s == 1 || channels >= kChunk<T>) return layout;
  layout.by_rows = true;
  // Windows and lines must start at whole chunks.
  layout.cell = channels;
  while (layout.cell * op.stride_w % kChunk<T> != 0) ++layout.cell;
  layout.border = static_cast<int>(op.pad_w);
  const std::int64_t reached = (op.q() - 1) * op.stride_w * layout.cell + whole_chunks<T>(op.s * layout.cell);
  layout.stored_width = static_cast<int>(ceil_div(reached, layout.cell));
  while (layout.stored_width * layout.cell % kChunk<T> != 0) ++layout.stored_width;
  return layout;
}

// A convolution over stored images: its horizontal axis, the channels that a tap reads, and the layout of the filters
// along them, [k][r][row], where a row holds the taps of a group's filter in cells like the image's.
struct StoredTaps {
  Span x;
  int channels, row;
};

template <class T>
StoredTaps stored_taps(const Convolution& op, const ImageLayout& x) {
  const int row = whole_chunks<T>(op.s * x.cell);
  if (!x.by_rows) return {horizontal(op), x.cell, row};
  return {{x.stored_width, static_cast<int>(op.q()), 1, static_cast<int>(op.stride_w), 0, 1}, row, row};
}

inline PadArguments filter_padding(const Convolution& op, const ImageLayout& x, int row) {
  return {op.k * op.r, static_cast<int>(op.s), x.channels, row, x.cell, 0};
}

// Filters transposed for backward data: [group][r, s][c][k], k in whole chunks.
inline PackArguments filter_transposition(const Convolution& op, const ImageLayout& y) {
  const std::int64_t group_c = op.c / op.groups, taps = op.r * op.s;
  return {static_cast<int>(group_c),  y.channels, y.cell, 1, taps * group_c, static_cast<int>(taps), group_c,
          y.channels * taps * group_c};
}

}  // namespace whygpu::cuda
