// Backward weights on Hopper's warpgroups (sm_90a), for f16 and bf16: the main loop of hopper_pipeline.h over output
// pixels; both operands run across these in memory.
//
// Rows are filters; their y is loaded by tiled TMA. Columns are blocks of 64 channels of one filter tap; the tap's
// source pixels for 64 output pixels are loaded by TMA in im2col mode, one instruction per block. The sum is split into
// parts that are added in a fixed order.
#include "backends/cuda/kernels/convolution/hopper.h"
#include "backends/cuda/kernels/convolution/weight_sums.h"
#include "backends/cuda/kernels/hopper_pipeline.h"
#include "backends/cuda/kernels/hopper_store.h"

namespace whygpu::cuda {
namespace {

using namespace hopper;

constexpr int kBlock = 64;  // columns of one tap, and pixels per step

struct WeightsShape {
  Axis y, x;
  int filters, channels, slices, pixel_steps;  // per group; slices of 64 channels
};

template <class In, int kTileN>
struct Weights {
  Schedule schedule;
  const WeightsShape& shape;
  const TensorMap &gradients, &images, &results;

  __device__ __forceinline__ int steps(int) const { return shape.pixel_steps; }

  struct Loader {
    const Weights& of;
    const Tile& tile;

    __device__ __forceinline__ void load(unsigned char* a, unsigned char* b, Barrier* full, int step) {
      const WeightsShape& shape = of.shape;
      const int pixel = step * kBlock;
      for (int half = 0; half < kTileM / 64; ++half) {
        tma_load(a + half * kGroup, of.gradients, tile.entry * shape.filters + tile.row + half * 64, pixel, 0, full);
      }
      const RowPosition at = row_position(pixel, shape.y, shape.x);
      for (int own = 0; own < kTileN / kBlock; ++own) {
        const int block = tile.column / kBlock + own;
        // Past the last column any data will do, but the stage still expects the bytes.
        const int tap = block * kBlock < of.schedule.n ? block / shape.slices : 0;
        tma_load_pixels(b + own * kGroup, of.images, tile.entry * shape.channels + block % shape.slices * kBlock,
                        at.v * shape.x.step + shape.x.first, at.u * shape.y.step + shape.y.first, at.image,
                        tap % shape.x.taps * shape.x.tap_step, tap / shape.x.taps * shape.y.tap_step, full);
      }
    }
  };
  __device__ __forceinline__ Loader loader(const Tile& tile, unsigned, unsigned) const { return {*this, tile}; }

  __device__ __forceinline__ void store(const float (&sums)[kTileN / 2], const Tile& tile, int consumer) const {
    store_by_tma<kTileN, float>(sums, results, tile, schedule.n, tile.row + consumer * 64 < schedule.m, consumer);
  }
};

template <class In, int kTileN>
__global__ void __launch_bounds__(kThreads, 1)
    weights_kernel(const __grid_constant__ TensorMap gradients, const __grid_constant__ TensorMap images,
                   const __grid_constant__ TensorMap results, const __grid_constant__ WeightsShape shape,
                   const Schedule schedule) {
#if !defined(__CUDACC__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
  const Weights<In, kTileN> weights{schedule, shape, gradients, images, results};
  run_block<In, kTileN, true, true>(weights, 1);
#endif
}

WeightsShape weights_shape(const Convolution& op) {
  return {dense_axis(vertical(op), false, 0),
          dense_axis(horizontal(op), false, 0),
          static_cast<int>(op.k / op.groups),
          static_cast<int>(op.c / op.groups),
          static_cast<int>(ceil_div(op.c / op.groups, kBlock)),
          static_cast<int>(ceil_div(op.n * op.p() * op.q(), kBlock))};
}

template <class In, int kTileN>
Plan plan_with(const Convolution& op, const Chip& chip, const WeightsShape& shape, int splits) {
  const std::int64_t columns = op.r * op.s * shape.slices * kBlock, pixels = op.n * op.p() * op.q();
  const Schedule schedule = make_schedule<kTileN>(shape.filters, columns, op.groups, splits);
  const std::int64_t tiles = std::int64_t{schedule.tiles_m} * schedule.tiles_n * op.groups * splits;
  const bool direct = splits == 1 && shape.channels % kBlock == 0;

  Plan plan;
  plan.description = hopper_description(op.dtype, kTileN, Layout<kTileN>::stages, 1);
  if (splits > 1) plan.description += ", split-K " + std::to_string(splits);
  if (!direct) plan.workspace_bytes = static_cast<std::size_t>(op.k * columns * splits) * sizeof(float);
  plan.run = [=](const Buffers& buffers) {
    auto* const sums = static_cast<float*>(direct ? buffers.c : buffers.workspace);
    const TensorMap gradients = make_tensor_map<In>(buffers.b, {op.k, pixels, 1, op.k, pixels * op.k, kBlock});
    const TensorMap images = make_pixel_map<In>(buffers.a, pixels_of(op, shape.y, shape.x, kBlock));
    const TensorMap results = make_tensor_map<float>(
        sums, {columns, shape.filters, op.groups * splits, columns, shape.filters * columns, 64});
    const LaunchShape launch_as{std::min<std::int64_t>(tiles, chip.multiprocessors), kThreads,
                                Layout<kTileN>::shared_bytes, 1};
    launch(&weights_kernel<In, kTileN>, launch_as, buffers.stream, gradients, images, results, shape, schedule);
    if (!direct) {
      const int cell = shape.slices * kBlock;
      launch_add_weights(static_cast<const float*>(sums), static_cast<float*>(buffers.c),
                         {op.k * op.r, static_cast<int>(op.s), shape.channels, static_cast<int>(op.s) * cell, cell, 0},
                         splits, buffers.stream);
    }
  };
  return plan;
}

}  // namespace

ChoiceInput weights_work(const Convolution& op, int multiprocessors) {
  const WeightsShape shape = weights_shape(op);
  const std::int64_t columns = op.r * op.s * shape.slices * kBlock;
  return {shape.filters, columns, op.groups, {shape.pixel_steps}, kBlock, kMaxWeightSplits, multiprocessors};
}

template <class In>
Plan plan_hopper_weights(const Convolution& op, const Chip& chip) {
  const WeightsShape shape = weights_shape(op);
  const Choice choice = choose(weights_work(op, chip.multiprocessors), kHopperWidths);
  switch (choice.tile_n) {
    case 256: return plan_with<In, 256>(op, chip, shape, choice.splits);
    case 128: return plan_with<In, 128>(op, chip, shape, choice.splits);
    default: return plan_with<In, 64>(op, chip, shape, choice.splits);
  }
}

template Plan plan_hopper_weights<Float16>(const Convolution&, const Chip&);
template Plan plan_hopper_weights<BFloat16>(const Convolution&, const Chip&);

}  // namespace whygpu::cuda
