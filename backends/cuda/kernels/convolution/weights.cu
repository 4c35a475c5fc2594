// Backward weights as implicit GEMM with cp.async (sm_80 and later): on tensor cores by mma.sync for f16, bf16 and
// tf32, on CUDA cores for f32.
//
// Rows are filters, columns (tap, channel), and k runs over output pixels, across which both operands run in memory: a
// line of a buffer is one pixel, with its y and the x of each column's tap. A thread always copies the same columns,
// whose tap and channel it keeps, and advances the pixel's coordinates from slice to slice without a division. The sum
// is long and the result small, so it is split into parts that are added in a fixed order.
#include "backends/cuda/kernels/convolution/kernels.h"
#include "backends/cuda/kernels/convolution/staging.h"
#include "backends/cuda/kernels/convolution/weight_sums.h"
#include "backends/cuda/kernels/fma_tile.h"
#include "backends/cuda/kernels/split_k.h"

namespace whygpu::cuda {
namespace {

constexpr int kTile = 128;
constexpr int kThreads = 128;  // 2 × 2 warps
constexpr int kStages = 4;
constexpr int kWarpTile = kTile / 2;

struct WeightsShape {
  Span y, x;
  int images, groups, filters, channels, columns;  // per group; channels that a tap reads
  int pixels;                                      // of y
  int y_pixel, y_cell;                             // pitches of y in elements: of pixels, groups
  int x_line, x_pixel, x_cell;                     // pitches of x
  int x_width;
  int tiles_m, tiles_n, splits;
  std::int64_t sums_elements;
};

// An output pixel that advances by a fixed distance.
struct Pixel {
  int image, p, q;

  __device__ __forceinline__ void advance(const Pixel& by, int height, int width) {
    q += by.q;
    const int line = q >= width ? 1 : 0;
    q -= line * width;
    p += by.p + line;
    const int next = p >= height ? 1 : 0;
    p -= next * height;
    image += by.image + next;
  }
};

__device__ __forceinline__ Pixel pixel_at(int index, int height, int width) {
  return {index / (height * width), index / width % height, index % width};
}

template <class In>
__global__ void __launch_bounds__(kThreads, 2)
    weights_kernel(const In* y, const In* x, float* sums_out, WeightsShape shape) {
  using Operand = Slice<In, true, kTile>;
  constexpr int kDepth = kDepthBytes / static_cast<int>(sizeof(In));
  constexpr int kLines = kDepth * Operand::chunks_per_line / kThreads;  // consecutive pixels that a thread copies

  const unsigned tiles = shape.tiles_m * shape.tiles_n;
  const TileIndex tile = banded_tile(blockIdx.x % tiles, shape.tiles_m, shape.tiles_n);
  const int item = static_cast<int>(blockIdx.x / tiles);
  const int group = item % shape.groups, split = item / shape.groups;
  const int first_row = static_cast<int>(tile.row) * kTile, first_column = static_cast<int>(tile.column) * kTile;
  const int slices_in_all = (shape.pixels + kDepth - 1) / kDepth;
  const int per_split = (slices_in_all + shape.splits - 1) / shape.splits;
  const int first_slice = split * per_split;
  const int slices = slices_in_all - first_slice < per_split ? slices_in_all - first_slice : per_split;

  // What this thread copies: one chunk of filters and one of columns, whose tap and channel do not change.
  const int thread = static_cast<int>(threadIdx.x);
  const int own_chunk = thread % Operand::chunks_per_line, own_line = thread / Operand::chunks_per_line * kLines;
  const int filter = first_row + own_chunk * kChunk<In>, column = first_column + own_chunk * kChunk<In>;
  const bool any_filter = filter < shape.filters, any_column = column < shape.columns;
  const int tap = column / shape.channels, channel = column % shape.channels;
  const int down = tap / shape.x.taps * shape.y.dilation - shape.y.pad;
  const int across = tap % shape.x.taps * shape.x.dilation - shape.x.pad;
  const In* const own_y = y + group * shape.y_cell + filter;
  const In* const own_x = x + group * shape.x_cell + channel;
  int index = first_slice * kDepth + own_line;
  Pixel pixel = pixel_at(index, shape.y.result, shape.x.result);
  const Pixel one{0, 0, 1}, slice_length = pixel_at(kDepth, shape.y.result, shape.x.result);

  unsigned char* const buffers = shared_memory();
  const auto start_copies = [&](int slice) {
    if (slice < slices) {
      unsigned char* const a = buffers + slice % kStages * 2 * Operand::bytes;
      Pixel at = pixel;
#pragma unroll
      for (int line = 0; line < kLines; ++line) {
        const bool inside_y = any_filter && index + line < shape.pixels;
        const int place = Operand::offset(own_line + line, own_chunk);
        copy_async<16>(a + place, inside_y ? own_y + (index + line) * shape.y_pixel : y, inside_y);

        const int at_y = at.p * shape.y.stride + down, at_x = at.q * shape.x.stride + across;
        const bool inside_x =
            any_column && index + line < shape.pixels && inside(at_y, shape.y.image) && inside(at_x, shape.x_width);
        const int offset = (at.image * shape.y.image + at_y) * shape.x_line + at_x * shape.x_pixel;
        copy_async<16>(a + Operand::bytes + place, inside_x ? own_x + offset : x, inside_x);
        at.advance(one, shape.y.result, shape.x.result);
      }
      index += kDepth;
      pixel.advance(slice_length, shape.y.result, shape.x.result);
    }
    copy_async_commit();  // even if empty, so that group counts match slice counts
  };

  const int lane = thread % 32, warp = thread / 32;
  const int warp_row = warp / 2 * kWarpTile, warp_column = warp % 2 * kWarpTile;
  WarpSums<float, kWarpTile, kWarpTile> sums = {};
  for (int slice = 0; slice < kStages - 1; ++slice) start_copies(slice);
  for (int slice = 0; slice < slices; ++slice) {
    copy_async_wait<kStages - 2>();
    __syncthreads();  // this slice is complete, and the previous slice's buffer is free
    start_copies(slice + kStages - 1);
    const unsigned char* const a = buffers + slice % kStages * 2 * Operand::bytes;
    multiply_any_slices<In, Operand, Operand>(sums, a, a + Operand::bytes, warp_row, warp_column, lane);
  }

  float* const part = sums_out + split * shape.sums_elements;
#pragma unroll
  for (int i = 0; i < kWarpTile / 16; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = first_row + warp_row + i * 16 + half * 8 + lane / 4;
      if (row >= shape.filters) continue;
      float* const line = part + static_cast<std::int64_t>(group * shape.filters + row) * shape.columns;
#pragma unroll
      for (int j = 0; j < kWarpTile / 8; ++j) {
        const int at = first_column + warp_column + j * 8 + lane % 4 * 2;  // even, as are the columns of a chunk
        if (at < shape.columns) {
          *reinterpret_cast<float2*>(line + at) = make_float2(sums[i][j][half * 2], sums[i][j][half * 2 + 1]);
        }
      }
    }
  }
}

template <class In>
Plan plan_as(const Convolution& op, const Chip& chip) {
  const ImageLayout y = y_layout<In>(op), x = x_layout<In>(op);
  const StoredTaps taps = stored_taps<In>(op, x);
  WeightsShape shape{};
  shape.y = vertical(op);
  shape.x = taps.x;
  shape.images = static_cast<int>(op.n);
  shape.groups = static_cast<int>(op.groups);
  shape.filters = static_cast<int>(op.k / op.groups);
  shape.channels = taps.channels;
  shape.columns = shape.y.taps * taps.row;
  shape.pixels = static_cast<int>(op.n * op.p() * op.q());
  shape.y_pixel = y.pixel_pitch();
  shape.y_cell = y.cell;
  shape.x_line = x.line_pitch();
  shape.x_pixel = x.pixel_pitch();
  shape.x_cell = x.cell;
  shape.x_width = x.stored_width;
  shape.tiles_m = static_cast<int>(ceil_div(shape.filters, kTile));
  shape.tiles_n = static_cast<int>(ceil_div(shape.columns, kTile));
  shape.sums_elements = op.k * shape.columns;
  const std::int64_t blocks = std::int64_t{shape.tiles_m} * shape.tiles_n * shape.groups;
  shape.splits = splits_for(blocks, std::int64_t{2} * chip.multiprocessors, shape.pixels, kMaxWeightSplits);

  const bool direct = shape.splits == 1 && !x.packed();
  Workspace workspace;
  const auto partials = workspace.reserve(direct ? 0 : shape.sums_elements * shape.splits * sizeof(float));
  const auto images = workspace.reserve(x.packed() ? x.elements() * sizeof(In) : 0);
  const auto gradients = workspace.reserve(y.packed() ? y.elements() * sizeof(In) : 0);

  Plan plan;
  plan.description = "implicit GEMM 128x128x" + std::to_string(kDepthBytes / sizeof(In)) + ", " +
                     multiplier_name(op.dtype) + ", cp.async " + std::to_string(kStages) + " stages, f32 accumulation" +
                     x.description("x") + y.description("y");
  if (shape.splits > 1) plan.description += ", split-K " + std::to_string(shape.splits);
  plan.workspace_bytes = workspace.bytes();
  plan.run = [=](const Buffers& buffers) {
    const auto place = [&](std::size_t offset) { return static_cast<std::byte*>(buffers.workspace) + offset; };
    const auto* stored_x = static_cast<const In*>(buffers.a);
    const auto* stored_y = static_cast<const In*>(buffers.b);
    if (x.packed()) stored_x = launch_pad<In>(stored_x, place(images), x.padding(), buffers.stream);
    if (y.packed()) stored_y = launch_pad<In>(stored_y, place(gradients), y.padding(), buffers.stream);
    auto* const result = static_cast<float*>(buffers.c);
    auto* const sums = direct ? result : reinterpret_cast<float*>(place(partials));
    launch(&weights_kernel<In>,
           {blocks * shape.splits, kThreads, std::size_t{kStages} * 2 * Slice<In, true, kTile>::bytes}, buffers.stream,
           stored_y, stored_x, sums, shape);
    if (!direct) {
      launch_add_weights(static_cast<const float*>(sums), result,
                         {op.k * op.r, static_cast<int>(op.s), x.channels, taps.row, x.cell, 0}, shape.splits,
                         buffers.stream);
    }
  };
  return plan;
}

}  // namespace

Plan plan_tensor_weights(const Convolution& op, const Chip& chip) {
  switch (op.dtype) {
    case DType::f16: return plan_as<Float16>(op, chip);
    case DType::bf16: return plan_as<BFloat16>(op, chip);
    case DType::tf32: return plan_as<Tf32>(op, chip);
    case DType::f32: return plan_as<float>(op, chip);
    default: throw std::logic_error("not a dtype of this kernel");
  }
}

}  // namespace whygpu::cuda
