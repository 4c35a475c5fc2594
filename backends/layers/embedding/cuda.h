#pragma once

#include "backends/layers/cuda/values.h"
#include "backends/layers/embedding/embedding.h"

namespace whygpu::cuda_layers {

struct EmbeddingElement {
  const std::int32_t* tokens;
  const float *table, *positions;
  float* y;
  Index length, width;
  WHYGPU_BOTH void operator()(Index i) const {
    const Index row = i / width, column = i % width;
    y[i] = table[tokens[row] * width + column] + positions[row % length * width + column];
  }
};

struct ZeroElement {
  float* values;
  WHYGPU_BOTH void operator()(Index i) const { values[i] = 0; }
};

// The gradients of equal tokens are added in order of arrival, which differs from run to run.
struct EmbeddingGradientElement {
  const std::int32_t* tokens;
  const float* dy;
  float *dtable, *dpositions;
  Index length, width;
  WHYGPU_BOTH void operator()(Index i) const {
    const Index row = i / width, column = i % width;
    atomic_add(dtable + tokens[row] * width + column, dy[i]);
    atomic_add(dpositions + row % length * width + column, dy[i]);
  }
};

template <class Launcher>
void run(const Embedding& op, Storage t, Launcher& launch) {
  launch.elements(op.batch * op.length * op.width,
                  EmbeddingElement{integers(t[0]), floats(t[1]), floats(t[2]), floats(t[3]), op.length, op.width});
}

template <class Launcher>
void run(const EmbeddingGradient& op, Storage t, Launcher& launch) {
  if (!op.accumulate) launch.elements(op.vocabulary * op.width, ZeroElement{floats(t[2])});
  launch.elements(op.length * op.width, ZeroElement{floats(t[3])});
  launch.elements(op.batch * op.length * op.width, EmbeddingGradientElement{integers(t[0]), floats(t[1]), floats(t[2]),
                                                                            floats(t[3]), op.length, op.width});
}

template <class Launcher>
void add_embedding(CudaLayers<Launcher>& layers) {
  layers.template add<Embedding>(run<Launcher>);
  layers.template add<EmbeddingGradient>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
