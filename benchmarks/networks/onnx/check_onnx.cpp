#include "benchmarks/networks/onnx/check_onnx.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "benchmarks/cases/case.h"

namespace whygpu::networks {
namespace {

namespace fs = std::filesystem;

constexpr double kMostElements = 1e15;  // of a tensor

// Division by a stride of zero would end the process.
void check_attributes(const fs::path& path, const onnx::NodeProto& node) {
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    const auto& name = attribute.name();
    if (name == "pads") {
      for (const std::int64_t value : attribute.ints()) {
        if (std::abs(static_cast<double>(value)) > kLargestExtent) {
          refuse(path, fmt::format("{} \"{}\": pads of {}", node.op_type(), node.name(), value));
        }
      }
    }
    if (name != "strides" && name != "dilations" && name != "kernel_shape" && name != "group") continue;
    bool positive = attribute.has_i() ? attribute.i() > 0 && attribute.i() <= kLargestExtent : true;
    for (const std::int64_t value : attribute.ints()) {
      positive = positive && value > 0 && value <= kLargestExtent;
    }
    if (!positive) refuse(path, fmt::format("{} \"{}\": {} must be positive", node.op_type(), node.name(), name));
  }
}

}  // namespace

void refuse(const fs::path& path, const std::string& what) {
  throw CaseError(fmt::format("{}: {}", path.string(), what));
}

void check_dims(const fs::path& path, const std::string& tensor, std::span<const std::int64_t> dims) {
  double product = 1;
  for (const std::int64_t extent : dims) {
    if (extent < 0 || extent > kLargestExtent) {
      refuse(path,
             fmt::format("tensor \"{}\" has the dimension {}; accepted: 0 to {}", tensor, extent, kLargestExtent));
    }
    product *= static_cast<double>(std::max<std::int64_t>(extent, 1));
  }
  if (product > kMostElements) {
    refuse(path,
           fmt::format("tensor \"{}\" has {:.2g} elements; accepted: up to {:.0g}", tensor, product, kMostElements));
  }
}

void check_order(const fs::path& path, const onnx::GraphProto& graph) {
  std::set<std::string> known = {""};
  for (const auto& input : graph.input()) known.insert(input.name());
  for (const auto& tensor : graph.initializer()) known.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) known.insert(tensor.values().name());
  for (const onnx::NodeProto& node : graph.node()) {
    check_attributes(path, node);
    for (const auto& input : node.input()) {
      if (!known.contains(input)) {
        refuse(path, fmt::format("{} \"{}\": its input \"{}\" is not computed before it; accepted: operators in order, "
                                 "without cycles",
                                 node.op_type(), node.name(), input));
      }
    }
    for (const auto& output : node.output()) {
      if (!known.insert(output).second && !output.empty()) {
        refuse(path, fmt::format("{} \"{}\": its output \"{}\" exists already", node.op_type(), node.name(), output));
      }
    }
  }
}

}  // namespace whygpu::networks
