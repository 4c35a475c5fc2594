// The dimensions that a model leaves open, and what they become.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/networks/onnx/onnx_graph.h"

namespace whygpu::networks {

struct OnnxDimension {
  std::string name;                   // of an open one, if it has any
  std::optional<std::int64_t> value;  // nullopt: open
};

struct OnnxInput {
  std::string name;
  std::vector<OnnxDimension> dimensions;
};

// A whole number from 1 on. Throws CaseError naming `option`.
std::int64_t whole_number(const std::string& option, const std::string& text);

// The dimensions given as "NAME=N". Throws CaseError.
std::map<std::string, std::int64_t> parse_dimensions(const std::vector<std::string>& words);

// Gives every open dimension a value: that of --dim; for the batch, that of --batch or 1. The batch is what is named
// so, otherwise the first dimension of each input. Returns the batch size. Throws CaseError naming the options to add.
std::int64_t fix_dimensions(const std::filesystem::path& path, std::vector<OnnxInput>& inputs, const OnnxSizes& sizes);

}  // namespace whygpu::networks
