#pragma once

#include "backends/layers/cross_entropy/cross_entropy.h"
#include "backends/layers/opencl/launcher.h"

namespace whygpu::opencl_layers {

inline void run(const SoftmaxCrossEntropy& op, Operands t, Launcher& launch) {
  launch.rows("log_sum_exp", op.rows, cl_long{op.columns}, floats(t[0]), floats(t[2]));
  launch.total("cross_entropy_total", op.rows, cl_long{op.columns}, floats(t[0]), integers(t[1]), floats(t[2]));
  launch.total_end("cross_entropy_end", op.rows, floats(t[3]));
}

inline void run(const SoftmaxCrossEntropyGradient& op, Operands t, Launcher& launch) {
  launch.elements("cross_entropy_gradient", op.rows * op.columns, cl_long{op.rows}, cl_long{op.columns}, floats(t[0]),
                  integers(t[1]), floats(t[2]), t[3]);
}

inline void add_cross_entropy(OpenClLayers& layers) {
  layers.add<SoftmaxCrossEntropy>(cross_entropy_opencl_cl, run);
  layers.add<SoftmaxCrossEntropyGradient>(cross_entropy_opencl_cl, run);
}

}  // namespace whygpu::opencl_layers
