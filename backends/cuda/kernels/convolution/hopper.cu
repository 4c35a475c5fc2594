// Forward and backward data on Hopper's warpgroups (sm_90a), for f16 and bf16, and forward for tf32 and s8: the main
// loop of hopper_pipeline.h, fed by TMA's im2col mode.
//
// Rows are results (image, u, v) of a dense problem, columns the channels of the result. A step along k is 128 bytes of
// channels of one filter tap: one TMA instruction loads that tap's source pixels for 128 rows, traversing the image and
// filling in zeros outside it; another loads the tap's filters, along k for forward and across it for backward data, so
// filters are never transposed. Backward data of stride 2 is four dense problems, whose maps differ in their corners.
#include <tuple>
#include <utility>

#include "backends/cuda/kernels/convolution/dense.h"
#include "backends/cuda/kernels/convolution/hopper.h"
#include "backends/cuda/kernels/convolution/kernels.h"
#include "backends/cuda/kernels/hopper_pipeline.h"
#include "backends/cuda/kernels/hopper_store.h"
#include "backends/cuda/kernels/tensor_map.h"

namespace whygpu::cuda {
namespace {

using namespace hopper;

constexpr int kMaxProblems = 4;

// Parameters that all blocks share.
struct GatherShape {
  Axis y[kMaxProblems], x[kMaxProblems];
  int problems, images, channels, slices;  // channels per group that a tap sums over, in 128-byte slices
  int taps, taps_x;                        // per filter
  int out_height, out_width;
  bool by_tma;  // result rows are whole and contiguous
};
// Along k. Without taps there is one step, of zeros.
__host__ __device__ inline int steps_of(const GatherShape& shape, int problem) {
  const int taps = shape.y[problem].taps * shape.x[problem].taps;
  return taps > 0 ? taps * shape.slices : 1;
}
struct GatherMaps {
  TensorMap source[kMaxProblems];
};

template <class In>
using Result = std::conditional_t<sizeof(In) == 2, In, Sum<In>>;

template <class In, int kTileN, bool kAcrossB>
struct Gather {
  using Out = Result<In>;
  Schedule schedule;
  const GatherShape& shape;
  const GatherMaps& sources;
  const TensorMap &filters, &results;
  Out* out;

  __device__ __forceinline__ int steps(int entry) const { return steps_of(shape, entry % shape.problems); }

  struct Loader {
    const Gather& of;
    const Axis &y, &x;
    const TensorMap& source;
    SharedColumns columns;
    int column, group, image, at_y, at_x;
    int tap_offset;  // added to a tap's number
    int i, j, slice;

    __device__ __forceinline__ void load(unsigned char* a, unsigned char* b, Barrier* full, int) {
      const int channel = slice * kDepth<In>;
      tma_load_pixels(a, source, group * of.shape.channels + channel, at_x, at_y, image,
                      x.first + j * x.tap_step - lowest(x), y.first + i * y.tap_step - lowest(y), full);
      const int tap = (y.tap_first + i * y.tap_stride) * of.shape.taps_x + x.tap_first + j * x.tap_stride + tap_offset;
      if constexpr (kAcrossB) {
        columns.load_across<kTileN>(b, of.filters, group * of.shape.channels + channel, column, tap, full);
      } else {
        columns.load_along<kTileN>(b, of.filters, channel, group * of.schedule.n + column, tap, full);
      }
      if (++slice == of.shape.slices) {
        slice = 0;
        if (++j == x.taps) {
          j = 0;
          ++i;
        }
      }
    }
  };
  __device__ __forceinline__ Loader loader(const Tile& tile, unsigned cluster, unsigned rank) const {
    const int problem = tile.entry % shape.problems;
    const Axis &y = shape.y[problem], &x = shape.x[problem];
    const RowPosition at = row_position(tile.row, y, x);
    const int tap = tile.first / shape.slices, taps_x = x.taps > 0 ? x.taps : 1;
    const bool any = y.taps > 0 && x.taps > 0;  // otherwise one step outside the image, all zeros
    return {*this,
            y,
            x,
            sources.source[problem],
            {cluster, rank},
            tile.column,
            tile.entry / shape.problems,
            any ? at.image : shape.images,
            at.u * y.step + lowest(y),
            at.v * x.step + lowest(x),
            any ? 0 : shape.taps,
            tap / taps_x,
            tap % taps_x,
            tile.first % shape.slices};
  }

  __device__ __forceinline__ void store(const Sum<In> (&sums)[kTileN / 2], const Tile& tile, int consumer) const {
    const int problem = tile.entry % shape.problems, group = tile.entry / shape.problems;
    const Axis &y = shape.y[problem], &x = shape.x[problem];
    const int rows = shape.images * y.results * x.results, columns = schedule.n;
    const bool any = tile.row + consumer * 64 < rows;
    if (!shape.by_tma) {
      store_directly<kTileN, Out>(sums, tile, rows, columns, consumer, [&](int row) {
        const RowPosition at = row_position(row, y, x);
        const int pixel = (at.image * shape.out_height + y.out_first + at.u * y.out_step) * shape.out_width +
                          x.out_first + at.v * x.out_step;
        return out + static_cast<std::int64_t>(pixel) * (schedule.batch / shape.problems * columns) + group * columns;
      });
    } else if (schedule.splits > 1) {
      store_by_tma<kTileN, Sum<In>>(sums, results, tile, columns, any, consumer);
    } else {
      store_by_tma<kTileN, Out>(sums, results, tile, columns, any, consumer);
    }
  }
};

template <class In, int kTileN, bool kAcrossB>
__global__ void __launch_bounds__(kThreads, 1)
    gather_kernel(const __grid_constant__ GatherMaps sources, const __grid_constant__ TensorMap filters,
                  const __grid_constant__ TensorMap results, const __grid_constant__ GatherShape shape,
                  const Schedule schedule, Result<In>* const out, const unsigned cluster) {
#if !defined(__CUDACC__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
  const Gather<In, kTileN, kAcrossB> gather{schedule, shape, sources, filters, results, out};
  run_block<In, kTileN, false, kAcrossB>(gather, cluster);
#endif
}

GatherShape gather_shape(const Convolution& op) {
  const bool backward = op.pass == Pass::backward_data;
  const Span y = vertical(op), x = horizontal(op);
  GatherShape shape{};
  shape.problems = residues(y, backward) * residues(x, backward);
  std::vector<std::pair<Axis, Axis>> problems;
  for (int problem = 0; problem < shape.problems; ++problem) {
    problems.emplace_back(dense_axis(y, backward, problem / residues(x, backward)),
                          dense_axis(x, backward, problem % residues(x, backward)));
  }
  // The longest first, which balances the work of blocks.
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
    return a.first.taps * a.second.taps > b.first.taps * b.second.taps;
  });
  for (int problem = 0; problem < std::min(shape.problems, kMaxProblems); ++problem) {
    std::tie(shape.y[problem], shape.x[problem]) = problems[static_cast<std::size_t>(problem)];
  }
  shape.images = static_cast<int>(op.n);
  shape.channels = static_cast<int>((backward ? op.k : op.c) / op.groups);
  shape.slices = static_cast<int>(ceil_div(shape.channels * dtype_bytes(op.dtype), kLine));
  shape.taps = static_cast<int>(op.r * op.s);
  shape.taps_x = static_cast<int>(op.s);
  shape.out_height = static_cast<int>(backward ? op.h : op.p());
  shape.out_width = static_cast<int>(backward ? op.w : op.q());
  shape.by_tma = shape.problems == 1;
  return shape;
}

// Results of the largest dense problem, and their channels.
std::int64_t rows_of(const Convolution& op) {
  const bool backward = op.pass == Pass::backward_data;
  return op.n * max_results(vertical(op), backward) * max_results(horizontal(op), backward);
}
std::int64_t columns_of(const Convolution& op) { return (op.pass == Pass::backward_data ? op.c : op.k) / op.groups; }

ChoiceInput gather_work(const Convolution& op, int multiprocessors) {
  const GatherShape shape = gather_shape(op);
  ChoiceInput work{rows_of(op), columns_of(op), op.groups * shape.problems, {}, 0, 1, multiprocessors};
  for (int problem = 0; problem < shape.problems; ++problem) work.steps.push_back(steps_of(shape, problem));
  work.depth = kLine / static_cast<int>(dtype_bytes(op.dtype));
  if (shape.by_tma && op.groups == 1) work.max_splits = kMaxSplits;
  return work;
}

template <class In, int kTileN, bool kAcrossB>
Plan plan_with(const Convolution& op, const Chip& chip, int splits) {
  const GatherShape shape = gather_shape(op);
  const std::int64_t rows = rows_of(op), columns = columns_of(op);
  const Schedule schedule = make_schedule<kTileN>(rows, columns, op.groups * shape.problems, splits);
  const LaunchShape launch_as = launch_shape<kTileN>(schedule, chip.multiprocessors);
  const std::int64_t elements = op.arguments()[static_cast<std::size_t>(op.result())].elements();

  Plan plan;
  plan.description = hopper_description(op.dtype, kTileN, Layout<kTileN>::stages, launch_as.cluster) +
                     (shape.by_tma ? ", TMA store" : ", direct store");
  if (shape.problems > 1) plan.description += ", " + std::to_string(shape.problems) + " dense problems";
  if (splits > 1) {
    plan.description += ", split-K " + std::to_string(splits);
    plan.workspace_bytes = static_cast<std::size_t>(elements * splits) * sizeof(Sum<In>);
  }
  plan.run = [=](const Buffers& buffers) {
    const void* const source = kAcrossB ? buffers.b : buffers.a;
    const auto* const w = static_cast<const In*>(kAcrossB ? buffers.a : buffers.b);
    GatherMaps sources;
    for (int problem = 0; problem < shape.problems; ++problem) {
      sources.source[problem] = make_pixel_map<In>(source, pixels_of(op, shape.y[problem], shape.x[problem], kTileM));
    }
    const std::int64_t group_c = op.c / op.groups;
    const TensorMap filters =
        make_tensor_map<In>(w, {group_c, op.k, op.r * op.s, op.r * op.s * group_c, group_c,
                                kAcrossB ? kDepth<In> : kTileN / static_cast<int>(launch_as.cluster)});
    TensorMap results = filters;
    if (splits > 1) {
      results = make_tensor_map<Sum<In>>(buffers.workspace, {columns, rows, splits, columns, rows * columns, 64});
    } else if (shape.by_tma) {
      results = make_tensor_map<Result<In>>(buffers.c, {columns, rows, op.groups, op.groups * columns, columns, 64});
    }
    launch(&gather_kernel<In, kTileN, kAcrossB>, launch_as, buffers.stream, sources, filters, results, shape, schedule,
           static_cast<Result<In>*>(buffers.c), launch_as.cluster);
    if (splits > 1) {
      launch_add_partials(static_cast<const Sum<In>*>(buffers.workspace), static_cast<Result<In>*>(buffers.c), elements,
                          splits, buffers.stream);
    }
  };
  return plan;
}

template <class In, bool kAcrossB>
Plan plan_as(const Convolution& op, const Chip& chip) {
  const Choice choice = choose(gather_work(op, chip.multiprocessors), kHopperWidths);
  switch (choice.tile_n) {
    case 256: return plan_with<In, 256, kAcrossB>(op, chip, choice.splits);
    case 128: return plan_with<In, 128, kAcrossB>(op, chip, choice.splits);
    default: return plan_with<In, 64, kAcrossB>(op, chip, choice.splits);
  }
}

template <class In>
Plan plan_pass(const Convolution& op, const Chip& chip) {
  if (op.pass == Pass::backward_weights) return plan_hopper_weights<In>(op, chip);
  return op.pass == Pass::forward ? plan_as<In, false>(op, chip) : plan_as<In, true>(op, chip);
}

Support supports(const Convolution& op, const Chip& chip) {
  if (chip.capability != 90) return Support::no("wgmma and TMA im2col need compute capability 9.0");
  const bool two_bytes = op.dtype == DType::f16 || op.dtype == DType::bf16;
  if (!two_bytes && op.dtype != DType::tf32 && op.dtype != DType::s8) {
    return Support::no("f16, bf16, tf32 and s8 only");
  }
  if (!two_bytes && op.pass != Pass::forward) return Support::no("tf32 and s8 convolution is forward only");
  const auto bytes = static_cast<std::int64_t>(dtype_bytes(op.dtype));
  const std::int64_t c = op.c / op.groups * bytes, k = op.k / op.groups * bytes;
  if (c % 16 != 0 || k % 16 != 0) return Support::no("TMA needs 16-byte multiples of channels and filters in a group");
  if (op.groups > 1 && (c % kLine != 0 || k % kLine != 0)) {
    return Support::no("several groups need 128-byte multiples of channels and filters in a group");
  }
  if ((op.r - 1) * op.dilation_h > kMaxTapOffset || (op.s - 1) * op.dilation_w > kMaxTapOffset) {
    return Support::no("TMA's im2col mode takes tap offsets up to " + std::to_string(kMaxTapOffset) + " pixels");
  }
  const GatherShape shape = gather_shape(op);  // backward weights reads the image as forward does
  if (shape.problems > kMaxProblems) return Support::no("backward data takes strides up to 2");
  for (int problem = 0; problem < shape.problems; ++problem) {
    const std::string limit = pixels_problem(pixels_of(op, shape.y[problem], shape.x[problem], kTileM));
    if (!limit.empty()) return Support::no("TMA's im2col mode: " + limit);
  }
  return fits(op, 16 / bytes);
}

Plan plan(const Convolution& op, const Chip& chip) {
  switch (op.dtype) {
    case DType::f16: return plan_pass<Float16>(op, chip);
    case DType::bf16: return plan_pass<BFloat16>(op, chip);
    case DType::tf32: return plan_as<Tf32, false>(op, chip);
    case DType::s8: return plan_as<std::int8_t, false>(op, chip);
    default: throw std::logic_error("not a dtype of this kernel");
  }
}

}  // namespace

ChoiceInput hopper_work(const Convolution& op, int multiprocessors) {
  return op.pass == Pass::backward_weights ? weights_work(op, multiprocessors) : gather_work(op, multiprocessors);
}

const ConvolutionKernel hopper_kernel{"hopper", supports, plan};

}  // namespace whygpu::cuda
