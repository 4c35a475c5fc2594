#pragma once

#include "backends/layers/opencl/launcher.h"
#include "backends/layers/pooling/pooling.h"

namespace whygpu::opencl_layers {

inline void run(const Pooling& op, Operands t, Launcher& launch) {
  launch.elements("pooling", op.n * (op.h / op.window) * (op.w / op.window) * op.c, cl_long{op.h}, cl_long{op.w},
                  cl_long{op.c}, cl_long{op.window}, cl_int{op.kind == PoolingKind::maximum}, t[0], t[1]);
}

inline void run(const PoolingGradient& op, Operands t, Launcher& launch) {
  const bool maximum = op.kind == PoolingKind::maximum;
  launch.elements("pooling_gradient", op.n * op.h * op.w * op.c, cl_long{op.h}, cl_long{op.w}, cl_long{op.c},
                  cl_long{op.window}, cl_int{maximum}, t[0], t[maximum ? 1 : 0], t[maximum ? 2 : 1]);
}

inline void add_pooling(OpenClLayers& layers) {
  layers.add<Pooling>(pooling_opencl_cl, run);
  layers.add<PoolingGradient>(pooling_opencl_cl, run);
}

}  // namespace whygpu::opencl_layers
