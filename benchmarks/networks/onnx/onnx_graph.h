// An ONNX model as plain data: operators in order, and the shapes of all tensors. Weights are not kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/cases/case.h"

namespace whygpu::networks {

using Shape = std::vector<std::int64_t>;

struct OnnxTensor {
  std::string dtype;           // "f32", "s64", …; empty: not known, or not of numbers
  std::optional<Shape> shape;  // nullopt: not known
  bool constant = false;       // an initialiser

  double elements() const;  // 0 if the shape is not known
  double bytes() const;
};

struct OnnxNode {
  std::string name;  // that of its first output if it has none
  std::string op;    // with the domain, if that is not ONNX's own: "com.microsoft.FusedMatMul"
  std::vector<std::string> inputs, outputs;
  std::map<std::string, Shape, std::less<>> numbers;  // integer attributes
  std::map<std::string, std::string, std::less<>> words;
  bool has_body = false;  // contains graphs of its own

  std::int64_t number(std::string_view attribute, std::int64_t fallback) const;
  Shape list(std::string_view attribute, Shape fallback) const;
  std::string word(std::string_view attribute, std::string fallback) const;
};

struct OnnxGraph {
  std::string name;  // of the file
  std::int64_t batch = 1;
  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxTensor, std::less<>> tensors;
  std::vector<std::string> inputs, outputs;

  const OnnxTensor& tensor(const std::string& name) const;  // an unknown one if there is none
};

// Values for the dimensions that the model leaves open.
struct OnnxSizes {
  std::optional<std::int64_t> batch;
  std::map<std::string, std::int64_t> dims;  // by the model's name, or "input.0" where it has none
};

// Throws CaseError: one line with the file and what is wrong.
OnnxGraph read_onnx(const std::filesystem::path& path, const OnnxSizes& sizes);

}  // namespace whygpu::networks
