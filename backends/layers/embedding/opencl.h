#pragma once

#include "backends/layers/embedding/embedding.h"
#include "backends/layers/opencl/launcher.h"

namespace whygpu::opencl_layers {

inline void run(const Embedding& op, Operands t, Launcher& launch) {
  launch.elements("embedding", op.batch * op.length * op.width, cl_long{op.length}, cl_long{op.width}, integers(t[0]),
                  floats(t[1]), floats(t[2]), floats(t[3]));
}

inline void run(const EmbeddingGradient& op, Operands t, Launcher& launch) {
  if (!op.accumulate) launch.elements("zero", op.vocabulary * op.width, floats(t[2]));
  launch.elements("embedding_table_gradient", op.width, cl_long{op.batch * op.length}, integers(t[0]), floats(t[1]),
                  floats(t[2]));
  launch.elements("embedding_position_gradient", op.length * op.width, cl_long{op.batch}, floats(t[1]), floats(t[3]));
}

inline void add_embedding(OpenClLayers& layers) {
  layers.add<Embedding>(embedding_opencl_cl, run);
  layers.add<EmbeddingGradient>(embedding_opencl_cl, run);
}

}  // namespace whygpu::opencl_layers
