// Training data: random inputs, seeded, and the outputs of a fixed random teacher, so that the loss can
// decrease. Also the initial weights, equal for every backend.
#pragma once

#include <vector>

#include "backends/layers/graph.h"
#include "benchmarks/networks/model.h"

namespace whygpu::networks {

// Row-major values, exact in f32; labels and tokens are whole numbers.
struct Batch {
  std::vector<double> input, target;
};

// Batch `index` of an endless sequence. Vectors and images with cross-entropy: noise biased towards a fixed random
// direction, whose number is the label. Tokens: each follows from the previous one by a fixed random map, and is its
// label. Mean square: each target is a fixed random mixture of a few values at the same place of the input.
Batch make_batch(const Network& network, const ComputeGraph& graph, int index);

// The initial ComputeGraph::weights; the gaps between parameters are zero.
std::vector<double> initial_weights(const ComputeGraph& graph);

}  // namespace whygpu::networks
