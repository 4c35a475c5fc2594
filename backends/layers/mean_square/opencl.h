#pragma once

#include "backends/layers/mean_square/mean_square.h"
#include "backends/layers/opencl/launcher.h"

namespace whygpu::opencl_layers {

inline void run(const MeanSquare& op, Operands t, Launcher& launch) {
  launch.total("mean_square_total", op.count, t[0], floats(t[1]));
  launch.total_end("mean_square_end", op.count, floats(t[2]));
}

inline void run(const MeanSquareGradient& op, Operands t, Launcher& launch) {
  launch.elements("mean_square_gradient", op.count, t[0], floats(t[1]), t[2], 2.0F / static_cast<float>(op.count));
}

inline void add_mean_square(OpenClLayers& layers) {
  layers.add<MeanSquare>(mean_square_opencl_cl, run);
  layers.add<MeanSquareGradient>(mean_square_opencl_cl, run);
}

}  // namespace whygpu::opencl_layers
