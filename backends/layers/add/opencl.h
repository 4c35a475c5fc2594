#pragma once

#include "backends/layers/add/add.h"
#include "backends/layers/opencl/launcher.h"

namespace whygpu::opencl_layers {

inline void run(const Add& op, Operands t, Launcher& launch) { launch.elements("add", op.count, t[0], t[1], t[2]); }

inline void add_add(OpenClLayers& layers) { layers.add<Add>(add_opencl_cl, run); }

}  // namespace whygpu::opencl_layers
