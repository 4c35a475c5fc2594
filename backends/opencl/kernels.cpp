#include "backends/opencl/kernels.h"

#include <algorithm>
#include <cctype>

namespace whygpu::opencl {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

}  // namespace

std::string tile_options(const Tile& tile) {
  const std::pair<const char*, int> all[] = {{"TILE_ROWS", tile.rows},        {"TILE_COLUMNS", tile.columns},
                                             {"TILE_DEPTH", tile.depth},      {"PER_ROW", tile.per_row},
                                             {"PER_COLUMN", tile.per_column}, {"WIDTH", tile.width}};
  std::string options;
  for (const auto& [name, value] : all) options += " -D" + std::string(name) + "=" + std::to_string(value);
  return options;
}

std::string dtype_options(DType input, DType result) {
  return " -DINPUT_" + upper(dtype_name(input)) + " -DRESULT_" + upper(dtype_name(result));
}

std::string describe(const Tile& tile, DType dtype) {
  std::string text = "tile " + std::to_string(tile.rows) + "x" + std::to_string(tile.columns);
  if (tile.depth > 1) text += "x" + std::to_string(tile.depth);
  if (tile.per_row * tile.per_column > 1) {
    text += ", " + std::to_string(tile.per_row) + "x" + std::to_string(tile.per_column) + " per work item";
  }
  if (tile.width > 1) {
    const DType sum = accumulator_of(dtype);
    text += std::string(", ") +
            (sum == DType::f64   ? "double"
             : sum == DType::s32 ? "int"
                                 : "float") +
            std::to_string(tile.width);
  }
  return text;
}

Limits limits_of(const OpenClDevice& device) {
  std::size_t items = 1;
  cl_ulong local_bytes = 0;
  opencl_check(clGetDeviceInfo(device.id(), CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof items, &items, nullptr),
               "reading the largest work group");
  opencl_check(clGetDeviceInfo(device.id(), CL_DEVICE_LOCAL_MEM_SIZE, sizeof local_bytes, &local_bytes, nullptr),
               "reading the size of local memory");
  return {items, static_cast<std::size_t>(local_bytes)};
}

int compute_units_of(const OpenClDevice& device) {
  cl_uint units = 1;
  opencl_check(clGetDeviceInfo(device.id(), CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, nullptr),
               "reading the number of compute units");
  return static_cast<int>(units);
}

OpenClKernel Compiler::compile(const Variant& variant, const std::vector<std::string_view>& shared,
                               const std::string& options, const char* name) {
  const std::pair key(variant.name, options);
  auto found = programs_.find(key);
  if (found == programs_.end()) {
    std::string text;
    for (const std::string_view source : shared) text += source;
    text += variant.source;
    if (edit_) text = edit_(std::move(text));
    found = programs_.emplace(key, OpenClProgram(device_, text, "-cl-std=CL1.2" + options)).first;
  }
  return found->second.kernel(name);
}

}  // namespace whygpu::opencl
