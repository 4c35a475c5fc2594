#pragma once

#include <cmath>

#include "backends/layers/adamw/adamw.h"
#include "backends/layers/opencl/launcher.h"

namespace whygpu::opencl_layers {

inline void run(const AdamW& op, Operands t, Launcher& launch) {
  launch.elements("count_step", 1, integers(t[4]));
  launch.elements("adamw", op.count, floats(t[0]), floats(t[1]), floats(t[2]), floats(t[3]), integers(t[4]),
                  t[op.copy ? 5 : 0], cl_int{op.copy}, static_cast<float>(op.learning_rate),
                  static_cast<float>(1 - op.learning_rate * op.weight_decay), static_cast<float>(op.beta1),
                  static_cast<float>(op.beta2), static_cast<float>(std::log(op.beta1)),
                  static_cast<float>(std::log(op.beta2)), static_cast<float>(op.epsilon));
}

inline void add_adamw(OpenClLayers& layers) { layers.add<AdamW>(adamw_opencl_cl, run); }

}  // namespace whygpu::opencl_layers
