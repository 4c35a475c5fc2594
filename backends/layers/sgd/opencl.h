#pragma once

#include "backends/layers/opencl/launcher.h"
#include "backends/layers/sgd/sgd.h"

namespace whygpu::opencl_layers {

inline void run(const SgdMomentum& op, Operands t, Launcher& launch) {
  launch.elements("sgd_momentum", op.count, floats(t[0]), floats(t[1]), floats(t[2]), t[op.copy ? 3 : 0],
                  cl_int{op.copy}, static_cast<float>(op.learning_rate), static_cast<float>(op.momentum));
}

inline void add_sgd(OpenClLayers& layers) { layers.add<SgdMomentum>(sgd_opencl_cl, run); }

}  // namespace whygpu::opencl_layers
