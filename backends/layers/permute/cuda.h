#pragma once

#include "backends/layers/cuda/values.h"
#include "backends/layers/permute/permute.h"

namespace whygpu::cuda_layers {

struct PermuteElement {
  Values x, y;
  Index extent[5], step[5];  // of y's axes, and the distance in x of one step along them
  PermuteElement(const Permute& op, void* const* t) : x(t[0], op.input), y(t[1], op.output) {
    Index stride[5] = {1, 1, 1, 1, 1};
    for (int axis = 3; axis >= 0; --axis) stride[axis] = stride[axis + 1] * op.shape[axis + 1];
    for (int axis = 0; axis < 5; ++axis) {
      extent[axis] = op.shape[op.order[axis]];
      step[axis] = stride[op.order[axis]];
    }
  }
  WHYGPU_BOTH void operator()(Index i) const {
    Index rest = i, from = 0;
    for (int axis = 4; axis >= 0; --axis) {
      from += rest % extent[axis] * step[axis];
      rest /= extent[axis];
    }
    y.set(i, x[from]);
  }
};

template <class Launcher>
void run(const Permute& op, Storage t, Launcher& launch) {
  Index count = 1;
  for (const Index extent : op.shape) count *= extent;
  launch.elements(count, PermuteElement(op, t));
}

template <class Launcher>
void add_permute(CudaLayers<Launcher>& layers) {
  layers.template add<Permute>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
