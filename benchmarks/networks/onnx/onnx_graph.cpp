#include "benchmarks/networks/onnx/onnx_graph.h"

namespace whygpu::networks {
namespace {

double dtype_size(std::string_view dtype) {
  static const std::map<std::string_view, double> sizes = {{"f64", 8}, {"s64", 8}, {"u64", 8},  {"f32", 4}, {"s32", 4},
                                                           {"u32", 4}, {"f16", 2}, {"bf16", 2}, {"s16", 2}, {"u16", 2},
                                                           {"s8", 1},  {"u8", 1},  {"bool", 1}, {"f8", 1}};
  const auto found = sizes.find(dtype);
  return found == sizes.end() ? 0 : found->second;
}

}  // namespace

double OnnxTensor::elements() const {
  if (!shape) return 0;
  double count = 1;
  for (const std::int64_t extent : *shape) count *= static_cast<double>(extent);
  return count;
}

double OnnxTensor::bytes() const { return elements() * dtype_size(dtype); }

std::int64_t OnnxNode::number(std::string_view attribute, std::int64_t fallback) const {
  const auto found = numbers.find(attribute);
  return found == numbers.end() || found->second.empty() ? fallback : found->second.front();
}

Shape OnnxNode::list(std::string_view attribute, Shape fallback) const {
  const auto found = numbers.find(attribute);
  return found == numbers.end() ? fallback : found->second;
}

std::string OnnxNode::word(std::string_view attribute, std::string fallback) const {
  const auto found = words.find(attribute);
  return found == words.end() ? fallback : found->second;
}

const OnnxTensor& OnnxGraph::tensor(const std::string& name) const {
  static const OnnxTensor unknown;
  const auto found = tensors.find(name);
  return found == tensors.end() ? unknown : found->second;
}

}  // namespace whygpu::networks
