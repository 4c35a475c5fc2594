// A network as a graph of backend operations.
#pragma once

#include "backends/layers/graph.h"
#include "benchmarks/networks/model.h"

namespace whygpu::networks {

// A step: forward, loss, backward, update. `products` is the dtype of GEMMs and convolutions: f32, tf32 or bf16; with
// bf16 the weights are kept in f32 and copied. Throws CaseError naming the layer whose input does not fit.
ComputeGraph training_graph(const Network& network, DType products);

// The forward pass, without a loss.
ComputeGraph inference_graph(const Network& network, DType products);

}  // namespace whygpu::networks
