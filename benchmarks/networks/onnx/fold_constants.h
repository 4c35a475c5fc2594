// Evaluates the operators that compute shapes, which libonnx follows only in part.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "benchmarks/networks/onnx/onnx_graph.h"

namespace whygpu::networks {

// A small tensor: numbers in row-major order, integers exactly.
struct SmallTensor {
  Shape shape;
  std::vector<double> values;
};

using SmallTensors = std::map<std::string, SmallTensor, std::less<>>;

// Adds to `known` the results of all operators that can be evaluated from it and from the shapes of the graph.
void fold_constants(const OnnxGraph& graph, SmallTensors& known);

}  // namespace whygpu::networks
