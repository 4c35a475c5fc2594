#include "benchmarks/networks/onnx/inline_branches.h"

#include <onnx/onnx_pb.h>

#include <map>
#include <string>
#include <utility>

namespace whygpu::networks {
namespace {

using onnx::GraphProto;
using onnx::NodeProto;

using Names = std::map<std::string, std::string>;

void rename(std::string& name, const Names& names) {
  if (const auto found = names.find(name); found != names.end()) name = found->second;
}

// What the operators read, also in graphs inside them.
void rename_inputs(NodeProto& node, const Names& names) {
  for (auto& input : *node.mutable_input()) rename(input, names);
  for (auto& attribute : *node.mutable_attribute()) {
    if (!attribute.has_g()) continue;
    for (auto& inner : *attribute.mutable_g()->mutable_node()) rename_inputs(inner, names);
    for (auto& output : *attribute.mutable_g()->mutable_output()) rename(*output.mutable_name(), names);
  }
}

double elements(const onnx::TensorProto& tensor) {
  double count = 1;
  for (const auto extent : tensor.dims()) count *= static_cast<double>(extent);
  return count;
}

// By operators, then by the elements of its constants.
std::pair<int, double> size_of(const GraphProto& graph) {
  double constants = 0;
  for (const auto& tensor : graph.initializer()) constants += elements(tensor);
  for (const auto& node : graph.node()) {
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_t()) constants += elements(attribute.t());
    }
  }
  return {graph.node_size(), constants};
}

const GraphProto* branch_of(const NodeProto& node, Branch branch) {
  const GraphProto* result = nullptr;
  for (const auto& attribute : node.attribute()) {
    if (!attribute.has_g()) continue;
    if (branch == Branch::larger && result != nullptr && size_of(*result) >= size_of(attribute.g())) continue;
    if (branch == Branch::then_branch && attribute.name() != "then_branch") continue;
    if (branch == Branch::else_branch && attribute.name() != "else_branch") continue;
    result = &attribute.g();
  }
  return result != nullptr && result->output_size() >= node.output_size() ? result : nullptr;
}

// Appends the operators of the branch, with the name of the condition's result in front of all that they define, and
// its initialisers to `whole`.
void append(const NodeProto& condition, const GraphProto& branch, GraphProto& to, GraphProto& whole) {
  Names names;
  const std::string prefix = (condition.output_size() > 0 ? condition.output(0) : condition.name()) + "/";
  for (const auto& tensor : branch.initializer()) names[tensor.name()] = prefix + tensor.name();
  for (const auto& node : branch.node()) {
    for (const auto& output : node.output()) {
      if (!output.empty()) names[output] = prefix + output;
    }
  }
  for (const auto& tensor : branch.initializer()) {
    auto& moved = *whole.add_initializer();
    moved = tensor;
    rename(*moved.mutable_name(), names);
  }
  for (const NodeProto& original : branch.node()) {
    NodeProto& node = *to.add_node();
    node = original;
    rename_inputs(node, names);
    for (auto& output : *node.mutable_output()) rename(output, names);
  }
  for (int i = 0; i < condition.output_size(); ++i) {
    NodeProto& copy = *to.add_node();
    copy.set_op_type("Identity");
    copy.set_name(condition.name());
    std::string result = branch.output(i).name();
    rename(result, names);
    copy.add_input(result);
    copy.add_output(condition.output(i));
  }
}

}  // namespace

int inline_branches(GraphProto& graph, const std::function<Branch(const NodeProto&)>& choose) {
  GraphProto nodes;
  int count = 0;
  for (NodeProto& node : *graph.mutable_node()) {
    const Branch branch = node.op_type() == "If" ? choose(node) : Branch::keep;
    const GraphProto* chosen = branch == Branch::keep ? nullptr : branch_of(node, branch);
    if (chosen == nullptr) {
      nodes.add_node()->Swap(&node);
      continue;
    }
    append(node, *chosen, nodes, graph);
    ++count;
  }
  graph.mutable_node()->Swap(nodes.mutable_node());
  return count;
}

}  // namespace whygpu::networks
