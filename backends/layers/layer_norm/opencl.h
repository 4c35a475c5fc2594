#pragma once

#include "backends/layers/common.h"
#include "backends/layers/layer_norm/layer_norm.h"
#include "backends/layers/opencl/launcher.h"

namespace whygpu::opencl_layers {

inline void run(const LayerNorm& op, Operands t, Launcher& launch) {
  launch.rows("layer_norm", op.rows, cl_long{op.columns}, static_cast<float>(kNormEpsilon), t[0], floats(t[1]),
              floats(t[2]), t[3], floats(t[4]), floats(t[5]));
}

inline void run(const LayerNormGradient& op, Operands t, Launcher& launch) {
  const Operands results = t.subspan(op.addend ? 6 : 5);  // dx, dgamma, dbeta
  launch.rows("layer_norm_gradient", op.rows, cl_long{op.columns}, floats(t[0]), t[1], floats(t[2]), floats(t[3]),
              floats(t[4]), floats(t[op.addend ? 5 : 0]), cl_int{op.addend}, floats(results[0]));
  launch.columns("layer_norm_gradient_sums", op.rows, op.columns, floats(t[0]), t[1], floats(t[3]), floats(t[4]));
  launch.column_ends("layer_norm_gradient_ends", op.rows, op.columns, floats(results[1]), floats(results[2]));
}

inline void add_layer_norm(OpenClLayers& layers) {
  layers.add<LayerNorm>(layer_norm_opencl_cl, run);
  layers.add<LayerNormGradient>(layer_norm_opencl_cl, run);
}

}  // namespace whygpu::opencl_layers
