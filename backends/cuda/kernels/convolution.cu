// Convolution as a matrix product whose operands are never written down (implicit GEMM), on CUDA cores: the tiles of
// register_tiled, filled straight from images and filters.
//
//   pass               rows of C     columns of C   summed over
//   forward            n, p, q       k              r, s, c
//   backward data      n, h, w       c              r, s, k
//   backward weights   k             r, s, c        n, p, q, in parts that are added in a fixed order
//
// Each thread works out the coordinates of its rows and columns once, and those of a position along the sum once per
// slice. Groups are independent products.
#include "backends/cuda/convolution.h"

#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/split_k.h"

namespace whygpu::cuda {
namespace {

constexpr int kSide = 16;  // threads along each side of the tile
constexpr int kPer = 4;    // results of a thread along each side
constexpr int kTile = kSide * kPer;
constexpr int kThreads = kSide * kSide;
constexpr int kDepth = 16;
constexpr int kPitch = kTile + 4;
constexpr int kLoads = kTile * kDepth / kThreads;  // elements of each operand that a thread brings per slice

struct Shape {
  int h, w, c, k, r, s, p, q;
  int stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups;
  int group_c, group_k;      // channels and filters of a group
  int rows, columns, depth;  // of one group's product
  int splits;
};

// An output pixel, by where its filter window starts in the image.
struct Pixel {
  std::int64_t image;  // offset of the image
  int y, x;
};
// A filter tap: its distance from the window's start, and its channel.
struct Tap {
  int y, x, channel;
};

__device__ __forceinline__ Pixel pixel_of(const Shape& shape, int index) {
  const int image = index / (shape.p * shape.q), within = index % (shape.p * shape.q);
  return {static_cast<std::int64_t>(image) * shape.h * shape.w * shape.c,
          within / shape.q * shape.stride_h - shape.pad_h, within % shape.q * shape.stride_w - shape.pad_w};
}

__device__ __forceinline__ Tap tap_of(const Shape& shape, int index) {
  const int tap = index / shape.group_c;
  return {tap / shape.s * shape.dilation_h, tap % shape.s * shape.dilation_w, index % shape.group_c};
}

template <class In>
__device__ __forceinline__ In image_value(const Shape& shape, const In* x, int group, const Pixel& pixel,
                                          const Tap& tap) {
  const int y_at = pixel.y + tap.y, x_at = pixel.x + tap.x;
  if (y_at < 0 || y_at >= shape.h || x_at < 0 || x_at >= shape.w) return In();
  return x[pixel.image + (static_cast<std::int64_t>(y_at) * shape.w + x_at) * shape.c + group * shape.group_c +
           tap.channel];
}

// For each pass: what the rows (A), columns (B) and the position along the sum stand for, and the values there.
template <Pass kPass>
struct Roles;

template <>
struct Roles<Pass::forward> {
  using Row = Pixel;
  using Column = std::int64_t;  // offset of a filter
  struct Position {
    Tap tap;
    int index;
  };
  static __device__ Row row(const Shape& shape, int i) { return pixel_of(shape, i); }
  static __device__ Column column(const Shape& shape, int group, int j) {
    return (static_cast<std::int64_t>(group) * shape.group_k + j) * shape.depth;
  }
  static __device__ Position position(const Shape& shape, int p) { return {tap_of(shape, p), p}; }

  template <class In>
  static __device__ In a(const Shape& shape, const In* x, int group, const Row& row, const Position& at) {
    return image_value(shape, x, group, row, at.tap);
  }
  template <class In>
  static __device__ In b(const Shape&, const In* w, int, const Column& column, const Position& at) {
    return w[column + at.index];
  }
  static __device__ std::int64_t result(const Shape& shape, int group, int i, int j) {
    return static_cast<std::int64_t>(i) * shape.k + group * shape.group_k + j;
  }
};

// A: y, seen from an input pixel; B: w, both along (r, s, k).
template <>
struct Roles<Pass::backward_data> {
  struct Row {
    std::int64_t image;  // offset of the image in y
    int y, x;            // of the input pixel, padding included
  };
  using Column = int;  // channel within the group
  struct Position {
    int r, s, filter;
  };
  static __device__ Row row(const Shape& shape, int i) {
    const int image = i / (shape.h * shape.w), within = i % (shape.h * shape.w);
    return {static_cast<std::int64_t>(image) * shape.p * shape.q * shape.k, within / shape.w + shape.pad_h,
            within % shape.w + shape.pad_w};
  }
  static __device__ Column column(const Shape&, int, int j) { return j; }
  static __device__ Position position(const Shape& shape, int p) {
    const int tap = p / shape.group_k;
    return {tap / shape.s, tap % shape.s, p % shape.group_k};
  }
  template <class In>
  static __device__ In a(const Shape& shape, const In* y, int group, const Row& row, const Position& at) {
    const int down = row.y - at.r * shape.dilation_h, across = row.x - at.s * shape.dilation_w;
    if (down < 0 || across < 0 || down % shape.stride_h != 0 || across % shape.stride_w != 0) return In();
    const int p = down / shape.stride_h, q = across / shape.stride_w;
    if (p >= shape.p || q >= shape.q) return In();
    return y[row.image + (static_cast<std::int64_t>(p) * shape.q + q) * shape.k + group * shape.group_k + at.filter];
  }
  template <class In>
  static __device__ In b(const Shape& shape, const In* w, int group, const Column& column, const Position& at) {
    const std::int64_t filter = static_cast<std::int64_t>(group) * shape.group_k + at.filter;
    return w[((filter * shape.r + at.r) * shape.s + at.s) * shape.group_c + column];
  }
  static __device__ std::int64_t result(const Shape& shape, int group, int i, int j) {
    return static_cast<std::int64_t>(i) * shape.c + group * shape.group_c + j;
  }
};

// A: y, B: x, both along the output pixels.
template <>
struct Roles<Pass::backward_weights> {
  using Row = int;  // filter within the group
  using Column = Tap;
  struct Position {
    Pixel pixel;
    std::int64_t index;
  };
  static __device__ Row row(const Shape&, int i) { return i; }
  static __device__ Column column(const Shape& shape, int, int j) { return tap_of(shape, j); }
  static __device__ Position position(const Shape& shape, int p) { return {pixel_of(shape, p), p}; }

  template <class In>
  static __device__ In a(const Shape& shape, const In* y, int group, const Row& row, const Position& at) {
    return y[at.index * shape.k + group * shape.group_k + row];
  }
  template <class In>
  static __device__ In b(const Shape& shape, const In* x, int group, const Column& column, const Position& at) {
    return image_value(shape, x, group, at.pixel, column);
  }
  static __device__ std::int64_t result(const Shape& shape, int group, int i, int j) {
    return (static_cast<std::int64_t>(group) * shape.group_k + i) * shape.columns + j;
  }
};

template <class Out, class T>
__device__ __forceinline__ Out narrow(T value) {
#ifdef __CUDACC__
  Out narrowed;
  if constexpr (std::is_same_v<Out, Float16>) {
    narrowed.bits = __half_as_ushort(__float2half_rn(value));
  } else if constexpr (std::is_same_v<Out, BFloat16>) {
    narrowed.bits = __bfloat16_as_ushort(__float2bfloat16_rn(value));
  } else {
    narrowed = value;
  }
  return narrowed;
#else
  return Out(value);
#endif
}

// One group, tile and part of the sum per block.
template <Pass kPass, class In, class Out>
__global__ void __launch_bounds__(kThreads)
    convolution_kernel(const In* a, const In* b, Out* c, Shape shape, std::int64_t partial_elements) {
  using Role = Roles<kPass>;
  __shared__ In a_panel[kDepth][kPitch];
  __shared__ In b_panel[kDepth][kPitch];

  const int tiles_m = (shape.rows + kTile - 1) / kTile, tiles_n = (shape.columns + kTile - 1) / kTile;
  const int tile = static_cast<int>(blockIdx.x % (tiles_m * tiles_n));
  const int item = static_cast<int>(blockIdx.x / (tiles_m * tiles_n));
  const int group = item % shape.groups, split = item / shape.groups;
  const int first_row = tile % tiles_m * kTile, first_column = tile / tiles_m * kTile;
  const int slices = (shape.depth + kDepth - 1) / kDepth;
  const int per_split = (slices + shape.splits - 1) / shape.splits * kDepth;
  const int begin = split * per_split;
  const int end = begin + per_split < shape.depth ? begin + per_split : shape.depth;

  // A thread always loads the same rows and columns, at one position of the slice.
  const int thread = static_cast<int>(threadIdx.x);
  const int own_position = thread % kDepth, own_line = thread / kDepth;
  typename Role::Row rows[kLoads];
  typename Role::Column columns[kLoads];
#pragma unroll
  for (int load = 0; load < kLoads; ++load) {
    const int line = own_line + load * (kThreads / kDepth);
    rows[load] = Role::row(shape, first_row + line);
    columns[load] = Role::column(shape, group, first_column + line);
  }

  const int y = thread / kSide, x = thread % kSide;
  Accumulator<In> sums[kPer][kPer] = {};
  for (int p0 = begin; p0 < end; p0 += kDepth) {
    const int p = p0 + own_position;
    const auto position = Role::position(shape, p);
#pragma unroll
    for (int load = 0; load < kLoads; ++load) {
      const int line = own_line + load * (kThreads / kDepth);
      const bool row_inside = p < end && first_row + line < shape.rows;
      const bool column_inside = p < end && first_column + line < shape.columns;
      a_panel[own_position][line] = row_inside ? Role::a(shape, a, group, rows[load], position) : In();
      b_panel[own_position][line] = column_inside ? Role::b(shape, b, group, columns[load], position) : In();
    }
    __syncthreads();
#pragma unroll
    for (int d = 0; d < kDepth; ++d) {
      Accumulator<In> left[kPer], right[kPer];
#pragma unroll
      for (int i = 0; i < kPer; ++i) left[i] = widen(a_panel[d][y + kSide * i]);
#pragma unroll
      for (int j = 0; j < kPer; ++j) right[j] = widen(b_panel[d][x + kSide * j]);
#pragma unroll
      for (int i = 0; i < kPer; ++i) {
#pragma unroll
        for (int j = 0; j < kPer; ++j) sums[i][j] += left[i] * right[j];
      }
    }
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < kPer; ++i) {
#pragma unroll
    for (int j = 0; j < kPer; ++j) {
      const int row = first_row + y + kSide * i, column = first_column + x + kSide * j;
      if (row < shape.rows && column < shape.columns) {
        c[split * partial_elements + Role::result(shape, group, row, column)] = narrow<Out>(sums[i][j]);
      }
    }
  }
}

Shape shape_of(const Convolution& op) {
  const auto narrow_int = [](std::int64_t value) { return static_cast<int>(value); };
  Shape shape{narrow_int(op.h),
              narrow_int(op.w),
              narrow_int(op.c),
              narrow_int(op.k),
              narrow_int(op.r),
              narrow_int(op.s),
              narrow_int(op.p()),
              narrow_int(op.q()),
              narrow_int(op.stride_h),
              narrow_int(op.stride_w),
              narrow_int(op.pad_h),
              narrow_int(op.pad_w),
              narrow_int(op.dilation_h),
              narrow_int(op.dilation_w),
              narrow_int(op.groups),
              narrow_int(op.c / op.groups),
              narrow_int(op.k / op.groups),
              0,
              0,
              0,
              1};
  const int pixels = narrow_int(op.n * op.p() * op.q()), taps = narrow_int(op.r * op.s);
  switch (op.pass) {
    case Pass::forward:
      shape.rows = pixels, shape.columns = shape.group_k, shape.depth = taps * shape.group_c;
      break;
    case Pass::backward_data:
      shape.rows = narrow_int(op.n * op.h * op.w), shape.columns = shape.group_c, shape.depth = taps * shape.group_k;
      break;
    case Pass::backward_weights:
      shape.rows = shape.group_k, shape.columns = taps * shape.group_c, shape.depth = pixels;
      break;
  }
  return shape;
}

template <Pass kPass, class In>
Plan plan_with(const Convolution& op, const Chip& chip) {
  using Sum = Accumulator<In>;
  using Out = std::conditional_t<kPass == Pass::backward_weights || std::is_same_v<In, std::int8_t>, Sum, In>;
  Shape shape = shape_of(op);
  const std::int64_t blocks = ceil_div(shape.rows, kTile) * ceil_div(shape.columns, kTile) * shape.groups;
  const std::int64_t elements = op.arguments()[static_cast<std::size_t>(op.result())].elements();
  if (kPass == Pass::backward_weights) {
    shape.splits = splits_for(blocks, std::int64_t{4} * chip.multiprocessors, shape.depth);
  }

  Plan plan;
  plan.description =
      "implicit GEMM 64x64x16, CUDA cores, " + std::string(dtype_name(accumulator_of(op.dtype))) + " accumulation";
  if (shape.splits > 1) {
    plan.description += ", split-K " + std::to_string(shape.splits);
    plan.workspace_bytes = static_cast<std::size_t>(elements) * sizeof(Out) * static_cast<std::size_t>(shape.splits);
  }
  plan.run = [=](const Buffers& buffers) {
    // The inputs in the order of the arguments x, w, y; the kernel wants the operand of the rows first.
    const bool rows_second = kPass != Pass::forward;
    const auto* a = static_cast<const In*>(rows_second ? buffers.b : buffers.a);
    const auto* b = static_cast<const In*>(rows_second ? buffers.a : buffers.b);
    void* const target = shape.splits > 1 ? buffers.workspace : buffers.c;
    launch(&convolution_kernel<kPass, In, Out>, {blocks * shape.splits, kThreads}, buffers.stream, a, b,
           static_cast<Out*>(target), shape, elements);
    if constexpr (kPass == Pass::backward_weights) {
      if (shape.splits > 1) {
        launch(&add_partials<Out>, {ceil_div(elements, 256), 256}, buffers.stream, static_cast<const Out*>(target),
               static_cast<Out*>(buffers.c), elements, shape.splits);
      }
    }
  };
  return plan;
}

template <class In>
Plan plan_as(const Convolution& op, const Chip& chip) {
  switch (op.pass) {
    case Pass::forward:
      return plan_with<Pass::forward, In>(op, chip);
    case Pass::backward_data:
      return plan_with<Pass::backward_data, In>(op, chip);
    case Pass::backward_weights:
      return plan_with<Pass::backward_weights, In>(op, chip);
  }
  throw std::logic_error("unknown pass");
}

}  // namespace

Support convolution_supports(const Convolution& op) {
  if (op.dtype == DType::s8 && op.pass != Pass::forward) return Support::no("s8 convolution is forward only");
  if (op.dtype == DType::tf32) return Support::no("no tensor-core convolution yet; f32 runs on CUDA cores");
  if (op.dtype == DType::f8e4m3 || op.dtype == DType::s32) {
    return Support::no("written for f64, f32, f16, bf16 and s8");
  }
  for (const TensorSpec& spec : op.arguments()) {
    if (spec.elements() >= std::int64_t{1} << 31) return Support::no("tensors of up to 2^31 - 1 values are accepted");
  }
  return {};
}

Plan plan_convolution(const Convolution& op, const Chip& chip) {
  switch (op.dtype) {
    case DType::f64:
      return plan_as<double>(op, chip);
    case DType::f32:
      return plan_as<float>(op, chip);
    case DType::f16:
      return plan_as<Float16>(op, chip);
    case DType::bf16:
      return plan_as<BFloat16>(op, chip);
    case DType::s8:
      return plan_with<Pass::forward, std::int8_t>(op, chip);
    default:
      throw std::logic_error("not a dtype of this kernel");
  }
}

}  // namespace whygpu::cuda
