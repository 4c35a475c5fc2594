// The operators of ONNX that are convolutions or matrix products.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "benchmarks/networks/onnx/onnx_graph.h"
#include "reports/results/network_records.h"

namespace whygpu::networks {

bool is_product(std::string_view op);

// Appends the work of `node`. `needs_gradient` tells whether a training step needs the gradient of an input. Throws
// CaseError.
void add_products(NetworkNodeRecord& record, const OnnxGraph& graph, const OnnxNode& node,
                  const std::function<bool(const std::string& input)>& needs_gradient);

}  // namespace whygpu::networks
