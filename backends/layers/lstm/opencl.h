#pragma once

#include "backends/layers/lstm/lstm.h"
#include "backends/layers/opencl/launcher.h"

namespace whygpu::opencl_layers {

inline void run(const LstmCell& op, Operands t, Launcher& launch) {
  launch.elements("lstm_cell", op.rows * op.width, cl_long{op.width}, floats(t[0]), floats(t[1]), floats(t[2]),
                  floats(t[3]), floats(t[4]), floats(t[5]), t[6]);
}

inline void run(const LstmCellGradient& op, Operands t, Launcher& launch) {
  launch.elements("lstm_cell_gradient", op.rows * op.width, cl_long{op.width}, floats(t[0]), floats(t[1]), floats(t[2]),
                  floats(t[3]), floats(t[4]), floats(t[5]), t[6], floats(t[7]));
}

inline void add_lstm(OpenClLayers& layers) {
  layers.add<LstmCell>(lstm_opencl_cl, run);
  layers.add<LstmCellGradient>(lstm_opencl_cl, run);
}

}  // namespace whygpu::opencl_layers
