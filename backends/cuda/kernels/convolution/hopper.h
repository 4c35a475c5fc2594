// Shared by the convolution kernels on Hopper's warpgroups: images as TMA's im2col mode reads them.
#pragma once

#include <algorithm>

#include "backends/cuda/convolution.h"
#include "backends/cuda/kernels/convolution/dense.h"
#include "backends/cuda/kernels/hopper_schedule.h"
#include "backends/cuda/kernels/tensor_map.h"

namespace whygpu::cuda {

// The source position of result 0 for an axis' first tap in memory order. Taps of backward data are in descending
// order.
__host__ __device__ inline int lowest(const Axis& axis) {
  return axis.first + (axis.tap_step < 0 && axis.taps > 0 ? (axis.taps - 1) * axis.tap_step : 0);
}

// The source of a dense problem, loaded `pixels` pixels at a time.
inline PixelsShape pixels_of(const Convolution& op, const Axis& y, const Axis& x, int pixels) {
  const bool backward = op.pass == Pass::backward_data;
  return {static_cast<int>(backward ? op.k : op.c),
          static_cast<int>(op.n),
          {static_cast<int>(backward ? op.q() : op.w), lowest(x), x.step, x.results},
          {static_cast<int>(backward ? op.p() : op.h), lowest(y), y.step, y.results},
          pixels};
}

inline std::string hopper_description(DType dtype, int tile_n, int stages, unsigned cluster) {
  return "implicit GEMM 128x" + std::to_string(tile_n) + "x" + std::to_string(hopper::kLine / dtype_bytes(dtype)) +
         ", wgmma " + std::string(dtype_name(dtype)) + ", TMA im2col " + std::to_string(stages) + " stages, cluster " +
         std::to_string(cluster) + ", " + std::string(dtype_name(accumulator_of(dtype))) + " accumulation";
}

// What these kernels divide into tiles, and the widths to choose from.
inline constexpr std::initializer_list<int> kHopperWidths = {256, 128, 64};
hopper::ChoiceInput hopper_work(const Convolution& op, int multiprocessors);
hopper::ChoiceInput weights_work(const Convolution& op, int multiprocessors);  // of backward weights

// Backward weights; In is Float16 or BFloat16.
template <class In>
Plan plan_hopper_weights(const Convolution& op, const Chip& chip);

}  // namespace whygpu::cuda
