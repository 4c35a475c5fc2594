// Depthwise convolution: every channel has its own filters, so there is no matrix product and little work per value.
// The kernels are direct, run on CUDA cores and are organised for memory throughput.
//
// Forward and backward data: a thread computes four neighbours of a dense problem (see dense.h) in as many channels as
// 16 bytes hold; neighbouring threads compute neighbouring channels. The filters of a block's channels are kept in
// shared memory.
#include "backends/cuda/kernels/arguments.h"
#include "backends/cuda/kernels/convolution/dense.h"
#include "backends/cuda/kernels/convolution/depthwise.h"
#include "backends/cuda/kernels/convolution/kernels.h"

namespace whygpu::cuda {
namespace {

constexpr int kStrip = 4;  // results per thread, along a line
constexpr std::size_t kMaxFilterBytes = 48 * 1024;

struct Shape {
  Span y, x;
  bool backward;
  int images;
  int source_height, source_width, source_channels, out_height, out_width, out_channels;
  int share;          // results that share a source channel
  int terms;          // source channels that a result sums over
  int slab;           // vectors of channels per block
  int slabs, blocks;  // blocks: per slab and dense problem
};

template <class In, class Out, int kVector>
__global__ void __launch_bounds__(kDepthwiseThreads, 2)
    direct_kernel(const In* source, const In* filters, Out* out, Shape shape) {
  using Sum = Accumulator<In>;
  Sum* const weights = reinterpret_cast<Sum*>(shared_memory());  // [tap][term][channel of the slab]
  int item = static_cast<int>(blockIdx.x) / shape.blocks;
  const int first = item % shape.slabs * shape.slab * kVector;
  item /= shape.slabs;
  const int residues_x = residues(shape.x, shape.backward);
  const Axis x = dense_axis(shape.x, shape.backward, item % residues_x);
  const Axis y = dense_axis(shape.y, shape.backward, item / residues_x);

  const int thread = static_cast<int>(threadIdx.x);
  const int left = shape.out_channels - first;
  const int channels = left < shape.slab * kVector ? left : shape.slab * kVector;
  const int taps = shape.y.taps * shape.x.taps;
  for (int i = thread; i < channels * shape.terms * taps; i += kDepthwiseThreads) {
    const int filter = i / taps;
    weights[(i % taps * shape.terms + filter % shape.terms) * channels + filter / shape.terms] =
        widen(filters[first * shape.terms * taps + i]);
  }
  __syncthreads();

  const int lanes = kDepthwiseThreads / shape.slab;
  const int channel = thread % shape.slab * kVector;
  if (channel >= channels || thread / shape.slab >= lanes) return;
  const int strips_of_line = (x.results + kStrip - 1) / kStrip;
  const int strips = shape.images * y.results * strips_of_line;
  for (int strip = static_cast<int>(blockIdx.x) % shape.blocks * lanes + thread / shape.slab; strip < strips;
       strip += shape.blocks * lanes) {
    const int line = strip / strips_of_line, v = strip % strips_of_line * kStrip;
    const int image = line / y.results, u = line % y.results;
    Sum sums[kStrip][kVector] = {};
    for (int i = 0; i < y.taps; ++i) {
      const int down = u * y.step + y.first + i * y.tap_step;
      if (!inside(down, shape.source_height)) continue;
      const In* const source_line = source + static_cast<std::int64_t>(image * shape.source_height + down) *
                                                 shape.source_width * shape.source_channels;
      for (int j = 0; j < x.taps; ++j) {
        const int tap = (y.tap_first + i * y.tap_stride) * shape.x.taps + x.tap_first + j * x.tap_stride;
        for (int term = 0; term < shape.terms; ++term) {
          const Sum* const own = weights + (tap * shape.terms + term) * channels + channel;
#pragma unroll
          for (int t = 0; t < kStrip; ++t) {
            const int across = (v + t) * x.step + x.first + j * x.tap_step;
            if (v + t >= x.results || !inside(across, shape.source_width)) continue;
            const Vector<In, kVector> values = load_vector<kVector>(
                source_line + across * shape.source_channels + (first + channel) / shape.share * shape.terms + term);
#pragma unroll
            for (int c = 0; c < kVector; ++c) sums[t][c] += widen(values.at[c]) * own[c];
          }
        }
      }
    }
    const std::int64_t out_line =
        static_cast<std::int64_t>(image * shape.out_height + y.out_first + u * y.out_step) * shape.out_width;
#pragma unroll
    for (int t = 0; t < kStrip; ++t) {
      if (v + t >= x.results) break;
      Vector<Out, kVector> values;
#pragma unroll
      for (int c = 0; c < kVector; ++c) values.at[c] = narrow<Out>(sums[t][c]);
      const std::int64_t pixel = out_line + x.out_first + (v + t) * x.out_step;
      store_vector(out + pixel * shape.out_channels + first + channel, values);
    }
  }
}

template <class In, int kVector>
Plan plan_with(const Convolution& op, const Chip& chip) {
  using Out = std::conditional_t<std::is_same_v<In, std::int8_t>, std::int32_t, In>;
  Shape shape{};
  shape.backward = op.pass == Pass::backward_data;
  shape.y = vertical(op);
  shape.x = horizontal(op);
  shape.images = static_cast<int>(op.n);
  const int multiplier = static_cast<int>(op.k / op.c);
  const bool backward = shape.backward;
  shape.source_height = backward ? shape.y.result : shape.y.image;
  shape.source_width = backward ? shape.x.result : shape.x.image;
  shape.source_channels = static_cast<int>(backward ? op.k : op.c);
  shape.out_height = backward ? shape.y.image : shape.y.result;
  shape.out_width = backward ? shape.x.image : shape.x.result;
  shape.out_channels = static_cast<int>(backward ? op.c : op.k);
  shape.share = backward ? 1 : multiplier;
  shape.terms = backward ? multiplier : 1;

  const int taps = shape.y.taps * shape.x.taps;
  const int vectors = shape.out_channels / kVector;
  const auto bytes_of_vector = static_cast<std::int64_t>(taps * shape.terms * kVector * sizeof(Accumulator<In>));
  const int most = static_cast<int>(std::min<std::int64_t>(32, kMaxFilterBytes / bytes_of_vector));
  shape.slabs = static_cast<int>(ceil_div(vectors, most));
  shape.slab = static_cast<int>(ceil_div(vectors, shape.slabs));
  const int problems = residues(shape.y, backward) * residues(shape.x, backward);
  const std::int64_t strips =
      std::int64_t{shape.images} * max_results(shape.y, backward) * ceil_div(max_results(shape.x, backward), kStrip);
  shape.blocks = static_cast<int>(std::min(ceil_div(strips, kDepthwiseThreads / shape.slab),
                                           ceil_div(16 * chip.multiprocessors, shape.slabs * problems)));

  Plan plan;
  plan.description = depthwise_description(op, kVector);
  if (problems > 1) plan.description += ", " + std::to_string(problems) + " dense problems";
  plan.run = [=](const Buffers& buffers) {
    const auto* source = static_cast<const In*>(backward ? buffers.b : buffers.a);
    const auto* filters = static_cast<const In*>(backward ? buffers.a : buffers.b);
    launch(&direct_kernel<In, Out, kVector>,
           {std::int64_t{shape.blocks} * shape.slabs * problems, kDepthwiseThreads,
            static_cast<std::size_t>(bytes_of_vector * shape.slab)},
           buffers.stream, source, filters, static_cast<Out*>(buffers.c), shape);
  };
  return plan;
}

Support supports(const Convolution& op, const Chip&) {
  if (op.groups == 1 || op.groups != op.c) {
    return Support::no("depthwise convolution only: as many groups as channels");
  }
  if (op.dtype == DType::s8 && op.pass != Pass::forward) return Support::no("s8 convolution is forward only");
  if (op.dtype == DType::f8e4m3 || op.dtype == DType::s32) {
    return Support::no("f64, f32, tf32, f16, bf16 and s8 only");
  }
  if (op.r * op.s * op.k / op.c * 64 > static_cast<std::int64_t>(kMaxFilterBytes)) {
    return Support::no("r·s·k/c must be at most " + std::to_string(kMaxFilterBytes / 64));
  }
  return fits(op, 1);
}

template <class In>
Plan plan_as(const Convolution& op, const Chip& chip) {
  if constexpr (!std::is_same_v<In, std::int8_t>) {
    if (op.pass == Pass::backward_weights) return plan_depthwise_weights<In>(op, chip);
  }
  constexpr int kVector = std::min<int>(8, 16 / sizeof(In));
  return op.k == op.c && op.c % kVector == 0 ? plan_with<In, kVector>(op, chip) : plan_with<In, 1>(op, chip);
}

Plan plan(const Convolution& op, const Chip& chip) {
  return with_storage_type(op.dtype, [&](auto in) -> Plan {
    using In = decltype(in);
    if constexpr (std::is_same_v<In, std::int32_t> || std::is_same_v<In, Float8E4M3>) {
      throw std::logic_error("not a dtype of this kernel");
    } else {
      return plan_as<In>(op, chip);
    }
  });
}

}  // namespace

const ConvolutionKernel depthwise_kernel{"depthwise", supports, plan};

}  // namespace whygpu::cuda
