// What the operators of an ONNX model cost: cases for convolutions and products, memory traffic for the rest.
#pragma once

#include "benchmarks/networks/onnx/onnx_graph.h"
#include "reports/results/network_records.h"

namespace whygpu::networks {

// Operators on constants cost nothing. Throws CaseError if a convolution or product has a shape that is not known or no
// case can have.
NetworkRecord network_of(const OnnxGraph& graph, bool training);

// The bytes that AdamW moves for one parameter in f32: weight, gradient and two moments read, three of them written.
inline constexpr double kOptimiserBytes = 28;
inline constexpr double kOptimiserFlops = 12;

}  // namespace whygpu::networks
