// Replaces conditions in an ONNX graph by one of their branches.
#pragma once

namespace onnx {
class GraphProto;
}

namespace whygpu::networks {

// Replaces every If by the branch with more operators, also those inside branches. The condition depends on data, and
// exporters use it for variants of a model, such as two sampling rates.
void inline_branches(onnx::GraphProto& graph);

}  // namespace whygpu::networks
