#pragma once

#include "backends/layers/add/add.h"
#include "backends/layers/cuda/values.h"

namespace whygpu::cuda_layers {

struct AddElement {
  Values a, b, sum;
  WHYGPU_BOTH void operator()(Index i) const { sum.set(i, a[i] + b[i]); }
};

template <class Launcher>
void run(const Add& op, Storage t, Launcher& launch) {
  launch.elements(op.count, AddElement{{t[0], op.dtype}, {t[1], op.dtype}, {t[2], op.dtype}});
}

template <class Launcher>
void add_add(CudaLayers<Launcher>& layers) {
  layers.template add<Add>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
