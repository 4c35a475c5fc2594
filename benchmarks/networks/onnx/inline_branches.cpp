#include "benchmarks/networks/onnx/inline_branches.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <map>
#include <string>

namespace whygpu::networks {
namespace {

using onnx::GraphProto;
using onnx::NodeProto;

using Names = std::map<std::string, std::string>;

void rename(std::string& name, const Names& names) {
  if (const auto found = names.find(name); found != names.end()) name = found->second;
}

void rename_inputs(NodeProto& node, const Names& names) {
  for (auto& input : *node.mutable_input()) rename(input, names);
  for (auto& attribute : *node.mutable_attribute()) {
    if (!attribute.has_g()) continue;
    for (auto& inner : *attribute.mutable_g()->mutable_node()) rename_inputs(inner, names);
    for (auto& output : *attribute.mutable_g()->mutable_output()) rename(*output.mutable_name(), names);
  }
}

const GraphProto* larger_branch(const NodeProto& node) {
  const GraphProto* larger = nullptr;
  for (const auto& attribute : node.attribute()) {
    if (!attribute.has_g()) continue;
    if (larger == nullptr || attribute.g().node_size() > larger->node_size()) larger = &attribute.g();
  }
  return larger;
}

// Appends the operators of `from` to `to`, with the names of `branch` in front of all that it defines.
void append(const GraphProto& from, GraphProto& to, const std::string& branch, GraphProto& whole) {
  Names names;
  if (!branch.empty()) {
    for (const auto& tensor : from.initializer()) names[tensor.name()] = branch + tensor.name();
    for (const auto& node : from.node()) {
      for (const auto& output : node.output()) {
        if (!output.empty()) names[output] = branch + output;
      }
    }
    for (const auto& tensor : from.initializer()) {
      auto& moved = *whole.add_initializer();
      moved = tensor;
      rename(*moved.mutable_name(), names);
    }
  }
  int count = 0;
  for (const NodeProto& original : from.node()) {
    NodeProto node = original;
    rename_inputs(node, names);
    for (auto& output : *node.mutable_output()) rename(output, names);
    const GraphProto* chosen = node.op_type() == "If" ? larger_branch(node) : nullptr;
    if (chosen == nullptr || chosen->output_size() < node.output_size()) {
      *to.add_node() = std::move(node);
      continue;
    }
    const std::string inner = fmt::format("{}if{}/", branch, count++);
    append(*chosen, to, inner, whole);
    Names defined;
    for (const auto& tensor : chosen->initializer()) defined[tensor.name()] = inner + tensor.name();
    for (const auto& part : chosen->node()) {
      for (const auto& output : part.output()) defined[output] = inner + output;
    }
    for (int i = 0; i < node.output_size(); ++i) {
      auto& copy = *to.add_node();
      copy.set_op_type("Identity");
      copy.set_name(node.name());
      std::string result = chosen->output(i).name();
      rename(result, defined);
      copy.add_input(result);
      copy.add_output(node.output(i));
    }
  }
}

}  // namespace

void inline_branches(GraphProto& graph) {
  GraphProto nodes;
  append(graph, nodes, "", graph);
  graph.mutable_node()->Swap(nodes.mutable_node());
}

}  // namespace whygpu::networks
