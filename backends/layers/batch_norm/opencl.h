#pragma once

#include "backends/layers/batch_norm/batch_norm.h"
#include "backends/layers/opencl/launcher.h"

namespace whygpu::opencl_layers {

inline void run(const BatchNorm& op, Operands t, Launcher& launch) {
  const Operands results = t.subspan(op.residual ? 4 : 3);  // y, mean, rstd
  const OpenClValues mean = floats(results[1]), rstd = floats(results[2]);
  if (!op.fixed) {
    launch.columns("batch_norm_sums", op.rows, op.columns, t[0]);
    launch.column_ends("batch_norm_statistics", op.rows, op.columns, t[0], mean, rstd,
                       static_cast<float>(kNormEpsilon));
  }
  launch.elements("batch_norm", op.rows * op.columns, cl_long{op.columns}, t[0], floats(t[1]), floats(t[2]),
                  t[op.residual ? 3 : 0], cl_int{op.residual}, results[0], mean, rstd,
                  static_cast<cl_int>(op.activation));
}

inline void run(const BatchNormGradient& op, Operands t, Launcher& launch) {
  const bool relu = op.activation == Activation::relu;
  const Operands rest = t.subspan(relu ? 3 : 2);  // gamma, mean, rstd, dx, dgamma, dbeta, dresidual
  const Operand& y = t[relu ? 2 : 0];
  launch.columns("batch_norm_gradient_sums", op.rows, op.columns, t[0], t[1], y, cl_int{relu}, floats(rest[1]),
                 floats(rest[2]));
  launch.column_ends("batch_norm_gradient_ends", op.rows, op.columns, floats(rest[4]), floats(rest[5]));
  launch.elements("batch_norm_gradient", op.rows * op.columns, cl_long{op.rows}, cl_long{op.columns}, t[0], t[1], y,
                  cl_int{relu}, floats(rest[0]), floats(rest[1]), floats(rest[2]), rest[3], floats(rest[4]),
                  floats(rest[5]), rest[op.residual ? 6 : 3], cl_int{op.residual});
}

inline void add_batch_norm(OpenClLayers& layers) {
  layers.add<BatchNorm>(batch_norm_opencl_cl, run);
  layers.add<BatchNormGradient>(batch_norm_opencl_cl, run);
}

}  // namespace whygpu::opencl_layers
