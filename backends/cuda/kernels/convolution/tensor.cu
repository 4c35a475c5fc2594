// Forward and backward data as implicit GEMM with cp.async (sm_80 and later): on tensor cores by mma.sync for f16,
// bf16, tf32 and s8, on CUDA cores for f32.
//
// Rows are results (image, u, v) of a dense problem, columns the channels of the result, and k runs over (tap_y, tap_x,
// channel) in 16-byte chunks: a slice of k may span several taps, so nothing is rounded up per tap. A thread always
// copies the same rows, whose coordinates it keeps, and the same one of the four chunks of a slice, whose tap it
// advances from slice to slice without a division. cp.async fills padding with zeros.
#include <algorithm>

#include "backends/cuda/kernels/convolution/kernels.h"
#include "backends/cuda/kernels/convolution/staging.h"
#include "backends/cuda/kernels/fma_tile.h"
#include "backends/cuda/kernels/split_k.h"

namespace whygpu::cuda {
namespace {

constexpr int kTileM = 128;
constexpr int kThreads = 128;  // 2 × 2 warps
constexpr int kStages = 4;
constexpr int kChunks = kDepthBytes / 16;   // per slice
constexpr int kStrip = kThreads / kChunks;  // rows that all threads copy at once
constexpr int kWarpRows = kTileM / 2;

struct GatherShape {
  Span y, x;
  bool backward;
  int images, groups, channels, columns;  // channels a tap sums over and result columns, both per group
  int source_height, source_width;
  int source_line, source_pixel, source_cell;           // pitches in elements: of lines, pixels, groups
  int filter_y, filter_x, filter_column, filter_group;  // pitches of taps, columns and groups
  int out_height, out_width;
  int tiles_m, tiles_n, splits;
  std::int64_t out_elements;
};

// The chunk of k that a thread copies next: tap (i, j), and the chunk within its channels.
struct TapPosition {
  int i, j, chunk;

  __device__ __forceinline__ void advance(int by, int chunks, int taps_x) {
    chunk += by;
    while (chunk >= chunks) {
      chunk -= chunks;
      if (++j == taps_x) {
        j = 0;
        ++i;
      }
    }
  }
};

template <class In, int kTileN>
__global__ void __launch_bounds__(kThreads, 2)
    gather_kernel(const In* source, const In* filters, void* out, void* partials, GatherShape shape) {
  using SliceA = Slice<In, false, kTileM>;
  using SliceB = Slice<In, false, kTileN>;
  using Sum = std::conditional_t<std::is_same_v<In, std::int8_t>, std::int32_t, float>;
  using Out = std::conditional_t<sizeof(In) == 2, In, Sum>;
  constexpr int kBufferBytes = SliceA::bytes + SliceB::bytes;
  constexpr int kWarpColumns = kTileN / 2;

  // The tile, dense problem, group and part of the sum.
  const unsigned tiles = shape.tiles_m * shape.tiles_n;
  const TileIndex tile = banded_tile(blockIdx.x % tiles, shape.tiles_m, shape.tiles_n);
  int item = static_cast<int>(blockIdx.x / tiles);
  const int residues_x = residues(shape.x, shape.backward), residues_y = residues(shape.y, shape.backward);
  const Axis x = dense_axis(shape.x, shape.backward, item % residues_x);
  item /= residues_x;
  const Axis y = dense_axis(shape.y, shape.backward, item % residues_y);
  item /= residues_y;
  const int group = item % shape.groups, split = item / shape.groups;
  const int rows = shape.images * y.results * x.results;
  const int first_row = static_cast<int>(tile.row) * kTileM, first_column = static_cast<int>(tile.column) * kTileN;
  if (first_row >= rows) return;

  const int chunks = shape.channels / kChunk<In>;
  const int slices_in_all = (y.taps * x.taps * chunks + kChunks - 1) / kChunks;
  const int per_split = (slices_in_all + shape.splits - 1) / shape.splits;
  const int first_slice = split * per_split;
  const int slices = slices_in_all - first_slice < per_split ? slices_in_all - first_slice : per_split;

  // What this thread copies.
  const int thread = static_cast<int>(threadIdx.x);
  const int own_chunk = thread % kChunks, own_row = thread / kChunks;
  int source_y[kTileM / kStrip], source_x[kTileM / kStrip], source_at[kTileM / kStrip];
#pragma unroll
  for (int strip = 0; strip < kTileM / kStrip; ++strip) {
    const int row = first_row + own_row + strip * kStrip;
    const RowPosition at = row_position(row, y, x);
    const int top = at.u * y.step + y.first;
    source_y[strip] = row < rows ? top : -(1 << 30);  // never inside
    source_x[strip] = at.v * x.step + x.first;
    source_at[strip] = (at.image * shape.source_height + top) * shape.source_line +
                       source_x[strip] * shape.source_pixel + group * shape.source_cell;
  }
  const In* const own_filter = filters + group * shape.filter_group + (first_column + own_row) * shape.filter_column;
  TapPosition at{};
  if (slices > 0) {
    const int position = first_slice * kChunks + own_chunk, tap = position / chunks;
    at = {tap / x.taps, tap % x.taps, position % chunks};
  }

  unsigned char* const buffers = shared_memory();
  const auto start_copies = [&](int slice) {
    if (slice < slices) {
      unsigned char* const a = buffers + slice % kStages * kBufferBytes;
      unsigned char* const b = a + SliceA::bytes;
      const bool any = at.i < y.taps;
      const int down = at.i * y.tap_step, across = at.j * x.tap_step;
      const int source_offset = down * shape.source_line + across * shape.source_pixel + at.chunk * kChunk<In>;
#pragma unroll
      for (int strip = 0; strip < kTileM / kStrip; ++strip) {
        const bool in_image = any && inside(source_y[strip] + down, shape.source_height) &&
                              inside(source_x[strip] + across, shape.source_width);
        copy_async<16>(a + SliceA::offset(own_row + strip * kStrip, own_chunk),
                       in_image ? source + source_at[strip] + source_offset : source, in_image);
      }
      const int filter_offset = (y.tap_first + at.i * y.tap_stride) * shape.filter_y +
                                (x.tap_first + at.j * x.tap_stride) * shape.filter_x + at.chunk * kChunk<In>;
#pragma unroll
      for (int strip = 0; strip < kTileN / kStrip; ++strip) {
        const bool in_filters = any && first_column + own_row + strip * kStrip < shape.columns;
        copy_async<16>(b + SliceB::offset(own_row + strip * kStrip, own_chunk),
                       in_filters ? own_filter + strip * kStrip * shape.filter_column + filter_offset : filters,
                       in_filters);
      }
      at.advance(kChunks, chunks, x.taps);
    }
    copy_async_commit();  // even if empty, so that group counts match slice counts
  };

  const int lane = thread % 32, warp = thread / 32;
  const int warp_row = warp / 2 * kWarpRows, warp_column = warp % 2 * kWarpColumns;
  WarpSums<Sum, kWarpRows, kWarpColumns> sums = {};
  for (int slice = 0; slice < kStages - 1; ++slice) start_copies(slice);
  for (int slice = 0; slice < slices; ++slice) {
    copy_async_wait<kStages - 2>();
    __syncthreads();  // this slice is complete, and the previous slice's buffer is free
    start_copies(slice + kStages - 1);
    const unsigned char* const a = buffers + slice % kStages * kBufferBytes;
    multiply_any_slices<In, SliceA, SliceB>(sums, a, a + SliceA::bytes, warp_row, warp_column, lane);
  }

#pragma unroll
  for (int i = 0; i < kWarpRows / 16; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = first_row + warp_row + i * 16 + half * 8 + lane / 4;
      if (row >= rows) continue;
      const RowPosition place = row_position(row, y, x);
      const int pixel = (place.image * shape.out_height + y.out_first + place.u * y.out_step) * shape.out_width +
                        x.out_first + place.v * x.out_step;
      const int line = pixel * shape.groups * shape.columns + group * shape.columns;
#pragma unroll
      for (int j = 0; j < kWarpColumns / 8; ++j) {
        const int column = first_column + warp_column + j * 8 + lane % 4 * 2;
        if (column >= shape.columns) continue;
        const bool both = column + 1 < shape.columns;
        const Sum low = sums[i][j][half * 2], high = sums[i][j][half * 2 + 1];
        if (shape.splits > 1) {
          store_pair(static_cast<Sum*>(partials) + split * shape.out_elements + line + column, low, high, both);
        } else {
          store_pair(static_cast<Out*>(out) + line + column, low, high, both);
        }
      }
    }
  }
}

template <class In>
GatherShape gather_shape(const Convolution& op, const ImageLayout& source) {
  GatherShape shape{};
  shape.backward = op.pass == Pass::backward_data;
  shape.y = vertical(op);
  shape.images = static_cast<int>(op.n);
  shape.groups = static_cast<int>(op.groups);
  shape.source_height = source.height;
  shape.source_width = source.stored_width;
  shape.source_line = source.line_pitch();
  shape.source_pixel = source.pixel_pitch();
  shape.source_cell = source.cell;
  if (shape.backward) {
    const int taps_x = static_cast<int>(op.s);
    shape.x = horizontal(op);
    shape.channels = source.cell;
    shape.columns = static_cast<int>(op.c / op.groups);
    shape.out_height = static_cast<int>(op.h);
    shape.out_width = static_cast<int>(op.w);
    shape.filter_column = source.cell;
    shape.filter_x = shape.columns * shape.filter_column;
    shape.filter_y = taps_x * shape.filter_x;
    shape.filter_group = shape.y.taps * shape.filter_y;
  } else {
    const StoredTaps taps = stored_taps<In>(op, source);
    shape.x = taps.x;
    shape.channels = taps.channels;
    shape.columns = static_cast<int>(op.k / op.groups);
    shape.out_height = static_cast<int>(op.p());
    shape.out_width = static_cast<int>(op.q());
    shape.filter_x = source.cell;
    shape.filter_y = taps.row;
    shape.filter_column = shape.y.taps * taps.row;
    shape.filter_group = shape.columns * shape.filter_column;
  }
  return shape;
}

template <class In, int kTileN>
Plan plan_with(const Convolution& op, const Chip& chip) {
  using Sum = std::conditional_t<std::is_same_v<In, std::int8_t>, std::int32_t, float>;
  using Out = std::conditional_t<sizeof(In) == 2, In, Sum>;
  const ImageLayout source = op.pass == Pass::forward ? x_layout<In>(op) : y_layout<In>(op);
  GatherShape shape = gather_shape<In>(op, source);
  const int problems = residues(shape.y, shape.backward) * residues(shape.x, shape.backward);
  const std::int64_t rows =
      std::int64_t{shape.images} * max_results(shape.y, shape.backward) * max_results(shape.x, shape.backward);
  shape.tiles_m = static_cast<int>(ceil_div(rows, kTileM));
  shape.tiles_n = static_cast<int>(ceil_div(shape.columns, kTileN));
  shape.out_elements = op.arguments()[static_cast<std::size_t>(op.result())].elements();
  const std::int64_t blocks = std::int64_t{shape.tiles_m} * shape.tiles_n * problems * shape.groups;
  const std::int64_t depth = std::int64_t{shape.y.taps} * shape.x.taps * shape.channels / problems;
  shape.splits = splits_for(blocks, std::int64_t{2} * chip.multiprocessors, depth);

  Workspace workspace;
  const auto partials = workspace.reserve(shape.splits > 1 ? shape.out_elements * shape.splits * sizeof(Sum) : 0);
  const auto images = workspace.reserve(source.packed() ? source.elements() * sizeof(In) : 0);
  const bool own_filters = shape.backward || source.packed();
  const auto filters =
      workspace.reserve(own_filters ? std::int64_t{shape.groups} * shape.filter_group * sizeof(In) : 0);

  Plan plan;
  plan.description = "implicit GEMM " + std::to_string(kTileM) + "x" + std::to_string(kTileN) + "x" +
                     std::to_string(kDepthBytes / sizeof(In)) + ", " + multiplier_name(op.dtype) + ", cp.async " +
                     std::to_string(kStages) + " stages, " + std::string(dtype_name(accumulator_of(op.dtype))) +
                     " accumulation" + source.description(shape.backward ? "y" : "x");
  if (shape.backward) plan.description += ", filters transposed first";
  if (problems > 1) plan.description += ", " + std::to_string(problems) + " dense problems";
  if (shape.splits > 1) plan.description += ", split-K " + std::to_string(shape.splits);
  plan.workspace_bytes = workspace.bytes();
  plan.run = [=](const Buffers& buffers) {
    const auto place = [&](std::size_t offset) { return static_cast<std::byte*>(buffers.workspace) + offset; };
    const auto* x = static_cast<const In*>(shape.backward ? buffers.b : buffers.a);
    const auto* w = static_cast<const In*>(shape.backward ? buffers.a : buffers.b);
    if (source.packed()) x = launch_pad<In>(x, place(images), source.padding(), buffers.stream);
    if (shape.backward) {
      In* const transposed = reinterpret_cast<In*>(place(filters));
      launch_pack(w, transposed, filter_transposition(op, source), op.groups * op.r * op.s, buffers.stream);
      w = transposed;
    } else if (source.packed()) {
      w = launch_pad<In>(w, place(filters), filter_padding(op, source, shape.filter_y), buffers.stream);
    }
    void* const sums = place(partials);
    constexpr std::size_t kShared = kStages * (kTileM + kTileN) * kDepthBytes;
    launch(&gather_kernel<In, kTileN>, {blocks * shape.splits, kThreads, kShared}, buffers.stream, x, w, buffers.c,
           sums, shape);
    if (shape.splits > 1) {
      launch_add_partials(static_cast<const Sum*>(sums), static_cast<Out*>(buffers.c), shape.out_elements, shape.splits,
                          buffers.stream);
    }
  };
  return plan;
}

template <class In>
Plan plan_as(const Convolution& op, const Chip& chip) {
  const std::int64_t columns = (op.pass == Pass::forward ? op.k : op.c) / op.groups;
  // A narrow tile wastes fewer columns but reuses less of what it loads.
  const bool narrow_tile = ceil_div(columns, 64) * 80 < ceil_div(columns, 128) * 128;
  return narrow_tile ? plan_with<In, 64>(op, chip) : plan_with<In, 128>(op, chip);
}

Support supports_with_copies(const Convolution& op, const Chip& chip) {
  if (chip.capability < 80) return Support::no("cp.async and mma.sync need compute capability 8.0 or newer");
  if (op.dtype == DType::s8 && op.pass != Pass::forward) return Support::no("s8 convolution is forward only");
  return fits(op, 16 / static_cast<std::int64_t>(dtype_bytes(op.dtype)));
}

Support supports(const Convolution& op, const Chip& chip) {
  if (op.dtype != DType::f16 && op.dtype != DType::bf16 && op.dtype != DType::tf32 && op.dtype != DType::s8) {
    return Support::no("f16, bf16, tf32 and s8 only");
  }
  return supports_with_copies(op, chip);
}

Support supports_f32(const Convolution& op, const Chip& chip) {
  return op.dtype == DType::f32 ? supports_with_copies(op, chip) : Support::no("f32 only");
}

Plan plan(const Convolution& op, const Chip& chip) {
  if (op.pass == Pass::backward_weights) return plan_tensor_weights(op, chip);
  if (op.dtype == DType::f32) return plan_as<float>(op, chip);
  return with_tensor_type(op.dtype, [&](auto in) { return plan_as<decltype(in)>(op, chip); });
}

}  // namespace

const ConvolutionKernel tensor_kernel{"tensor", supports, plan};
const ConvolutionKernel pipelined_kernel{"pipelined", supports_f32, plan};

}  // namespace whygpu::cuda
