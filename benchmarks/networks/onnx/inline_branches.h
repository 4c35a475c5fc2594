// Replaces conditions in an ONNX graph by one of their branches.
#pragma once

#include <cstdint>
#include <functional>

namespace onnx {
class GraphProto;
class NodeProto;
}  // namespace onnx

namespace whygpu::networks {

enum class Branch : std::uint8_t { keep, then_branch, else_branch, larger };

// Replaces every If by the branch that `choose` returns for it; conditions in that branch stay. Returns how many.
int inline_branches(onnx::GraphProto& graph, const std::function<Branch(const onnx::NodeProto&)>& choose);

}  // namespace whygpu::networks
