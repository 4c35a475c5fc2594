#pragma once

#include "backends/layers/bias_activation/bias_activation.h"
#include "backends/layers/opencl/launcher.h"

namespace whygpu::opencl_layers {

inline void run(const BiasActivation& op, Operands t, Launcher& launch) {
  launch.elements("bias_activation", op.rows * op.columns, cl_long{op.columns}, t[0], floats(t[1]),
                  floats(t[op.residual ? 2 : 1]), cl_int{op.residual}, t[op.residual ? 3 : 2],
                  static_cast<cl_int>(op.activation));
}

inline void run(const BiasActivationGradient& op, Operands t, Launcher& launch) {
  const bool saved = op.activation != Activation::none, gelu = op.activation == Activation::gelu;
  const Operands results = t.subspan(1 + (saved ? 1 : 0) + (gelu ? 1 : 0));  // dx, dbias
  launch.columns("bias_gradient_sums", op.rows, op.columns, t[0], t[saved ? 1 : 0], floats(gelu ? t[2] : results[1]),
                 results[0], static_cast<cl_int>(op.activation));
  launch.column_ends("column_sum_ends", op.rows, op.columns, floats(results[1]));
}

inline void run(const ColumnSum& op, Operands t, Launcher& launch) {
  launch.columns("column_sums", op.rows, op.columns, t[0]);
  launch.column_ends("column_sum_ends", op.rows, op.columns, floats(t[1]));
}

inline void add_bias_activation(OpenClLayers& layers) {
  layers.add<BiasActivation>(bias_activation_opencl_cl, run);
  layers.add<BiasActivationGradient>(bias_activation_opencl_cl, run);
  layers.add<ColumnSum>(bias_activation_opencl_cl, run);
}

}  // namespace whygpu::opencl_layers
