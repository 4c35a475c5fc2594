// A network by name or file, as a list of operators and what they cost.
#pragma once

#include <string>

#include "benchmarks/networks/onnx/onnx_graph.h"
#include "reports/results/network_records.h"

namespace whygpu::networks {

// `what` is an ONNX file, a .model file, or the name of a network of this build. Throws CaseError.
NetworkRecord read_network(const std::string& what, const OnnxSizes& sizes, bool training);

}  // namespace whygpu::networks
