// Backward weights of depthwise convolution. A block sums a range of output lines for a slab of channels and nine taps;
// a thread handles one vector of channels and every n-th pixel of a line. Threads of the same channels are added in
// order through shared memory, then the ranges, so the result never depends on timing.
#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/convolution/dense.h"
#include "backends/cuda/kernels/convolution/depthwise.h"
#include "backends/cuda/kernels/split_k.h"

namespace whygpu::cuda {
namespace {

constexpr int kTaps = 9;

struct Shape {
  Span y, x;
  int lines, channels, filters, multiplier;  // lines of y, of all images
  int slab, slabs, tap_groups, splits;       // slab: vectors of channels
};

template <class In, int kVector>
__global__ void __launch_bounds__(kDepthwiseThreads)
    depthwise_weights_kernel(const In* y, const In* x, Accumulator<In>* partials, Shape shape) {
  using Sum = Accumulator<In>;
  __shared__ Sum meeting[kDepthwiseThreads * kVector];
  int item = static_cast<int>(blockIdx.x);
  const int first = item % shape.slabs * shape.slab * kVector;
  item /= shape.slabs;
  const int first_tap = item % shape.tap_groups * kTaps, split = item / shape.tap_groups;

  const int thread = static_cast<int>(threadIdx.x);
  const int lanes = kDepthwiseThreads / shape.slab, lane = thread / shape.slab;
  const int filter = first + thread % shape.slab * kVector;
  const bool works = lane < lanes && filter < shape.filters;
  const int channel = filter / shape.multiplier;
  const int taps = shape.y.taps * shape.x.taps;
  const int per_split = (shape.lines + shape.splits - 1) / shape.splits;
  const int begin = split * per_split, end = begin + per_split < shape.lines ? begin + per_split : shape.lines;

  Sum sums[kTaps][kVector] = {};
  for (int line = begin; works && line < end; ++line) {
    const int image = line / shape.y.result, top = line % shape.y.result * shape.y.stride - shape.y.pad;
    for (int q = lane; q < shape.x.result; q += lanes) {
      const auto gradient =
          load_vector<kVector>(y + (static_cast<std::int64_t>(line) * shape.x.result + q) * shape.filters + filter);
#pragma unroll
      for (int t = 0; t < kTaps; ++t) {
        const int tap = first_tap + t;
        const int down = top + tap / shape.x.taps * shape.y.dilation;
        const int across = q * shape.x.stride - shape.x.pad + tap % shape.x.taps * shape.x.dilation;
        if (tap >= taps || !inside(down, shape.y.image) || !inside(across, shape.x.image)) continue;
        const auto values = load_vector<kVector>(
            x + ((static_cast<std::int64_t>(image) * shape.y.image + down) * shape.x.image + across) * shape.channels +
            channel);
#pragma unroll
        for (int c = 0; c < kVector; ++c) sums[t][c] += widen(gradient.at[c]) * widen(values.at[c]);
      }
    }
  }

  const int width = shape.slab * kVector;
#pragma unroll
  for (int t = 0; t < kTaps; ++t) {
#pragma unroll
    for (int c = 0; c < kVector; ++c) meeting[thread * kVector + c] = sums[t][c];
    __syncthreads();
    if (first_tap + t < taps) {
      for (int c = thread; c < width && first + c < shape.filters; c += kDepthwiseThreads) {
        Sum sum = 0;
        for (int from = 0; from < lanes; ++from) sum += meeting[from * width + c];
        partials[(static_cast<std::int64_t>(split) * shape.filters + first + c) * taps + first_tap + t] = sum;
      }
    }
    __syncthreads();
  }
}

template <class In, int kVector>
Plan plan_with(const Convolution& op, const Chip& chip) {
  using Sum = Accumulator<In>;
  Shape shape{};
  shape.y = vertical(op);
  shape.x = horizontal(op);
  shape.lines = static_cast<int>(op.n * op.p());
  shape.channels = static_cast<int>(op.c);
  shape.filters = static_cast<int>(op.k);
  shape.multiplier = static_cast<int>(op.k / op.c);
  const int vectors = shape.filters / kVector;
  shape.slabs = static_cast<int>(ceil_div(vectors, 32));
  shape.slab = static_cast<int>(ceil_div(vectors, shape.slabs));
  shape.tap_groups = static_cast<int>(ceil_div(op.r * op.s, kTaps));
  const std::int64_t blocks = std::int64_t{shape.slabs} * shape.tap_groups;
  shape.splits = static_cast<int>(std::min<std::int64_t>(shape.lines, ceil_div(8 * chip.multiprocessors, blocks)));
  const std::int64_t elements = op.k * op.r * op.s;

  Plan plan;
  plan.description = depthwise_description(op, kVector);
  if (shape.splits > 1) {
    plan.description += ", " + std::to_string(shape.splits) + " parts";
    plan.workspace_bytes = static_cast<std::size_t>(elements * shape.splits) * sizeof(Sum);
  }
  plan.run = [=](const Buffers& buffers) {
    auto* const target = static_cast<Sum*>(shape.splits > 1 ? buffers.workspace : buffers.c);
    launch(&depthwise_weights_kernel<In, kVector>, {blocks * shape.splits, kDepthwiseThreads}, buffers.stream,
           static_cast<const In*>(buffers.b), static_cast<const In*>(buffers.a), target, shape);
    if (shape.splits > 1) {
      launch_add_partials(static_cast<const Sum*>(target), static_cast<Sum*>(buffers.c), elements, shape.splits,
                          buffers.stream);
    }
  };
  return plan;
}

}  // namespace

template <class In>
Plan plan_depthwise_weights(const Convolution& op, const Chip& chip) {
  constexpr int kVector = sizeof(In) == 8 ? 2 : 4;
  return op.k == op.c && op.c % kVector == 0 ? plan_with<In, kVector>(op, chip) : plan_with<In, 1>(op, chip);
}

template Plan plan_depthwise_weights<double>(const Convolution&, const Chip&);
template Plan plan_depthwise_weights<float>(const Convolution&, const Chip&);
template Plan plan_depthwise_weights<Float16>(const Convolution&, const Chip&);
template Plan plan_depthwise_weights<BFloat16>(const Convolution&, const Chip&);

}  // namespace whygpu::cuda
