#pragma once

#include "backends/layers/opencl/launcher.h"
#include "backends/layers/permute/permute.h"

namespace whygpu::opencl_layers {

// axes_t of opencl.cl.
struct PermutedAxes {
  cl_long extent[5], step[5];
};

inline void run(const Permute& op, Operands t, Launcher& launch) {
  Index stride[5] = {1, 1, 1, 1, 1}, count = op.shape[4];
  for (int axis = 3; axis >= 0; --axis) {
    stride[axis] = stride[axis + 1] * op.shape[axis + 1];
    count *= op.shape[axis];
  }
  PermutedAxes axes{};
  for (int axis = 0; axis < 5; ++axis) {
    axes.extent[axis] = op.shape[op.order[axis]];
    axes.step[axis] = stride[op.order[axis]];
  }
  launch.elements("permute", count, axes, t[0], t[1]);
}

inline void add_permute(OpenClLayers& layers) { layers.add<Permute>(permute_opencl_cl, run); }

}  // namespace whygpu::opencl_layers
