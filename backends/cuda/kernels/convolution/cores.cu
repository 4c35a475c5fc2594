// Convolution as implicit GEMM on CUDA cores, for any dtype that C++ can multiply: the tiles of register_tiled, loaded
// directly from images and filters.
//
//   pass                     rows of C     columns of C   summed over
//   forward, backward data   n, u, v       k or c         taps, c or k      (a dense problem, see dense.h)
//   backward weights         k             r, s, c        n, p, q, in parts that are added in a fixed order
//
// Each thread computes the coordinates of its rows and columns once, and those along the sum once per slice. Groups are
// independent products.
#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/convolution/dense.h"
#include "backends/cuda/kernels/convolution/kernels.h"
#include "backends/cuda/kernels/split_k.h"

namespace whygpu::cuda {
namespace {

constexpr int kSide = 16;  // threads along each side of the tile
constexpr int kPer = 4;    // results per thread along each side
constexpr int kTile = kSide * kPer;
constexpr int kThreads = kSide * kSide;
constexpr int kDepth = 16;
constexpr int kPitch = kTile + 4;
constexpr int kLoads = kTile * kDepth / kThreads;  // elements of each operand that a thread loads per slice

struct Shape {
  Span y, x;
  bool backward;
  int images, groups, group_c, group_k;
  int rows, columns, depth;  // of one group's product; rows and depth of the largest dense problem
  int splits;
};

__device__ __forceinline__ std::int64_t image_offset(int image, int y, int x, int height, int width) {
  return (static_cast<std::int64_t>(image) * height + y) * width + x;
}

// Forward and backward data. A: the source values of each result; B: the filters.
struct Gather {
  const Shape& shape;
  int group;
  Axis y, x;

  __device__ Gather(const Shape& of, int in_group, int problem)
      : shape(of),
        group(in_group),
        y(dense_axis(of.y, of.backward, problem / residues(of.x, of.backward))),
        x(dense_axis(of.x, of.backward, problem % residues(of.x, of.backward))) {}

  __device__ int rows() const { return shape.images * y.results * x.results; }
  __device__ int channels() const { return shape.backward ? shape.group_k : shape.group_c; }
  __device__ int depth() const { return y.taps * x.taps * channels(); }

  using Row = RowPosition;
  struct Position {
    int i, j, channel;
  };
  __device__ Row row(int index) const { return row_position(index, y, x); }
  __device__ Position position(int index) const {
    const int tap = index / channels();
    return {tap / x.taps, tap % x.taps, index % channels()};
  }

  template <class In>
  __device__ In a(const In* source, const Row& row, const Position& at) const {
    const int height = shape.backward ? shape.y.result : shape.y.image;
    const int width = shape.backward ? shape.x.result : shape.x.image;
    const int down = row.u * y.step + y.first + at.i * y.tap_step,
              across = row.v * x.step + x.first + at.j * x.tap_step;
    if (!inside(down, height) || !inside(across, width)) return In();
    return source[(image_offset(row.image, down, across, height, width) * shape.groups + group) * channels() +
                  at.channel];
  }
  template <class In>
  __device__ In b(const In* filters, int column, const Position& at) const {
    const int filter = group * shape.group_k + (shape.backward ? at.channel : column);
    const int tap_y = y.tap_first + at.i * y.tap_stride, tap_x = x.tap_first + at.j * x.tap_stride;
    return filters[image_offset(filter, tap_y, tap_x, shape.y.taps, shape.x.taps) * shape.group_c +
                   (shape.backward ? column : at.channel)];
  }
  __device__ std::int64_t result(int index, int column) const {
    const int height = shape.backward ? shape.y.image : shape.y.result;
    const int width = shape.backward ? shape.x.image : shape.x.result;
    const RowPosition row = row_position(index, y, x);
    return (image_offset(row.image, y.out_first + row.u * y.out_step, x.out_first + row.v * x.out_step, height, width) *
                shape.groups +
            group) *
               shape.columns +
           column;
  }
};

// Backward weights. A: y, B: x, both along the output pixels.
struct Weights {
  const Shape& shape;
  int group;

  __device__ Weights(const Shape& of, int in_group, int) : shape(of), group(in_group) {}

  __device__ int rows() const { return shape.rows; }
  __device__ int depth() const { return shape.depth; }

  using Row = int;  // filter within the group
  struct Position {
    int pixel, image, y, x;  // where the pixel's filter window starts in the image
  };
  __device__ Row row(int index) const { return index; }
  __device__ Position position(int index) const {
    const int line = index / shape.x.result;
    return {index, line / shape.y.result, line % shape.y.result * shape.y.stride - shape.y.pad,
            index % shape.x.result * shape.x.stride - shape.x.pad};
  }

  template <class In>
  __device__ In a(const In* y, Row row, const Position& at) const {
    return y[(static_cast<std::int64_t>(at.pixel) * shape.groups + group) * shape.group_k + row];
  }
  template <class In>
  __device__ In b(const In* image, int column, const Position& at) const {
    const int tap = column / shape.group_c;
    const int down = at.y + tap / shape.x.taps * shape.y.dilation,
              across = at.x + tap % shape.x.taps * shape.x.dilation;
    if (!inside(down, shape.y.image) || !inside(across, shape.x.image)) return In();
    return image[(image_offset(at.image, down, across, shape.y.image, shape.x.image) * shape.groups + group) *
                     shape.group_c +
                 column % shape.group_c];
  }
  __device__ std::int64_t result(int row, int column) const {
    return (static_cast<std::int64_t>(group) * shape.group_k + row) * shape.columns + column;
  }
};

// One dense problem, group, tile and part of the sum per block.
template <class Role, class In, class Out>
__global__ void __launch_bounds__(kThreads)
    implicit_gemm(const In* a, const In* b, Out* c, Shape shape, std::int64_t partial_elements) {
  __shared__ In a_panel[kDepth][kPitch];
  __shared__ In b_panel[kDepth][kPitch];

  const int tiles_m = (shape.rows + kTile - 1) / kTile, tiles_n = (shape.columns + kTile - 1) / kTile;
  const int tile = static_cast<int>(blockIdx.x % (tiles_m * tiles_n));
  const int item = static_cast<int>(blockIdx.x / (tiles_m * tiles_n));
  const int split = item / shape.groups % shape.splits;
  const Role role(shape, item % shape.groups, item / shape.groups / shape.splits);
  const int first_row = tile % tiles_m * kTile, first_column = tile / tiles_m * kTile;
  const int rows = role.rows(), depth = role.depth();
  const int slices = (depth + kDepth - 1) / kDepth;
  const int per_split = (slices + shape.splits - 1) / shape.splits * kDepth;
  const int begin = split * per_split;
  const int end = begin + per_split < depth ? begin + per_split : depth;

  // A thread always loads the same rows and columns, at one position of the slice.
  const int thread = static_cast<int>(threadIdx.x);
  const int own_position = thread % kDepth, own_line = thread / kDepth;
  typename Role::Row own_rows[kLoads];
#pragma unroll
  for (int load = 0; load < kLoads; ++load)
    own_rows[load] = role.row(first_row + own_line + load * (kThreads / kDepth));

  const int y = thread / kSide, x = thread % kSide;
  Accumulator<In> sums[kPer][kPer] = {};
  for (int p0 = begin; p0 < end; p0 += kDepth) {
    const int p = p0 + own_position;
    const auto position = role.position(p);
#pragma unroll
    for (int load = 0; load < kLoads; ++load) {
      const int line = own_line + load * (kThreads / kDepth);
      const bool row_inside = p < end && first_row + line < rows;
      const bool column_inside = p < end && first_column + line < shape.columns;
      a_panel[own_position][line] = row_inside ? role.a(a, own_rows[load], position) : In();
      b_panel[own_position][line] = column_inside ? role.b(b, first_column + line, position) : In();
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
      if (row < rows && column < shape.columns) {
        c[split * partial_elements + role.result(row, column)] = narrow<Out>(sums[i][j]);
      }
    }
  }
}

Shape shape_of(const Convolution& op) {
  const bool backward = op.pass == Pass::backward_data;
  Shape shape{vertical(op),
              horizontal(op),
              backward,
              static_cast<int>(op.n),
              static_cast<int>(op.groups),
              static_cast<int>(op.c / op.groups),
              static_cast<int>(op.k / op.groups),
              0,
              0,
              0,
              1};
  if (op.pass == Pass::backward_weights) {
    shape.rows = shape.group_k;
    shape.columns = shape.y.taps * shape.x.taps * shape.group_c;
    shape.depth = shape.images * shape.y.result * shape.x.result;
  } else {
    shape.rows = shape.images * max_results(shape.y, backward) * max_results(shape.x, backward);
    shape.columns = backward ? shape.group_c : shape.group_k;
  }
  return shape;
}

template <class Role, class In, class Out>
Plan plan_with(const Convolution& op, const Chip& chip) {
  constexpr bool kWeights = std::is_same_v<Role, Weights>;
  Shape shape = shape_of(op);
  const int problems = kWeights ? 1 : residues(shape.y, shape.backward) * residues(shape.x, shape.backward);
  const std::int64_t blocks = ceil_div(shape.rows, kTile) * ceil_div(shape.columns, kTile) * shape.groups * problems;
  const std::int64_t elements = op.arguments()[static_cast<std::size_t>(op.result())].elements();
  if (kWeights) shape.splits = splits_for(blocks, std::int64_t{4} * chip.multiprocessors, shape.depth);

  Plan plan;
  plan.description =
      "implicit GEMM 64x64x16, CUDA cores, " + std::string(dtype_name(accumulator_of(op.dtype))) + " accumulation";
  if (problems > 1) plan.description += ", " + std::to_string(problems) + " dense problems";
  if (shape.splits > 1) {
    plan.description += ", split-K " + std::to_string(shape.splits);
    plan.workspace_bytes = static_cast<std::size_t>(elements) * sizeof(Out) * static_cast<std::size_t>(shape.splits);
  }
  plan.run = [=](const Buffers& buffers) {
    // Inputs arrive in the order of the arguments x, w, y; the kernel takes the operand of the rows first.
    const bool rows_second = op.pass != Pass::forward;
    const auto* a = static_cast<const In*>(rows_second ? buffers.b : buffers.a);
    const auto* b = static_cast<const In*>(rows_second ? buffers.a : buffers.b);
    auto* const target = static_cast<Out*>(shape.splits > 1 ? buffers.workspace : buffers.c);
    launch(&implicit_gemm<Role, In, Out>, {blocks * shape.splits, kThreads}, buffers.stream, a, b, target, shape,
           elements);
    if constexpr (kWeights) {
      if (shape.splits > 1) {
        launch_add_partials(static_cast<const Out*>(target), static_cast<Out*>(buffers.c), elements, shape.splits,
                            buffers.stream);
      }
    }
  };
  return plan;
}

template <class In>
Plan plan_as(const Convolution& op, const Chip& chip) {
  return op.pass == Pass::backward_weights ? plan_with<Weights, In, Accumulator<In>>(op, chip)
                                           : plan_with<Gather, In, In>(op, chip);
}

Support supports(const Convolution& op, const Chip&) {
  if (op.dtype == DType::s8 && op.pass != Pass::forward) return Support::no("s8 convolution is forward only");
  if (op.dtype == DType::tf32) return Support::no("tf32 is a tensor-core format; f32 runs on CUDA cores");
  if (op.dtype == DType::f8e4m3 || op.dtype == DType::s32) return Support::no("f64, f32, f16, bf16 and s8 only");
  return fits(op, 1);
}

Plan plan(const Convolution& op, const Chip& chip) {
  switch (op.dtype) {
    case DType::f64: return plan_as<double>(op, chip);
    case DType::f32: return plan_as<float>(op, chip);
    case DType::f16: return plan_as<Float16>(op, chip);
    case DType::bf16: return plan_as<BFloat16>(op, chip);
    case DType::s8: return plan_with<Gather, std::int8_t, std::int32_t>(op, chip);
    default: throw std::logic_error("not a dtype of this kernel");
  }
}

}  // namespace

const ConvolutionKernel cores_kernel{"cores", supports, plan};

}  // namespace whygpu::cuda
