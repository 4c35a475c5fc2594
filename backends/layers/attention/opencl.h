#pragma once

#include "backends/layers/attention/attention.h"
#include "backends/layers/opencl/launcher.h"

namespace whygpu::opencl_layers {

inline void run(const CausalSoftmax& op, Operands t, Launcher& launch) {
  launch.rows("causal_softmax", op.batch * op.length, cl_long{op.length}, static_cast<float>(op.scale), floats(t[0]),
              t[1]);
}

inline void run(const CausalSoftmaxGradient& op, Operands t, Launcher& launch) {
  launch.rows("causal_softmax_gradient", op.batch * op.length, cl_long{op.length}, static_cast<float>(op.scale),
              floats(t[0]), t[1], t[2]);
}

inline void add_attention(OpenClLayers& layers) {
  layers.add<CausalSoftmax>(attention_opencl_cl, run);
  layers.add<CausalSoftmaxGradient>(attention_opencl_cl, run);
}

}  // namespace whygpu::opencl_layers
