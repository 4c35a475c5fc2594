#include "backends/opencl/kernels.h"

#include <algorithm>
#include <cctype>

#include "backends/devices/opencl_platforms.h"

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
  return {opencl_value<std::size_t>(device.id(), CL_DEVICE_MAX_WORK_GROUP_SIZE).value_or(1),
          static_cast<std::size_t>(opencl_value<cl_ulong>(device.id(), CL_DEVICE_LOCAL_MEM_SIZE).value_or(0))};
}

int compute_units_of(const OpenClDevice& device) {
  return static_cast<int>(opencl_value<cl_uint>(device.id(), CL_DEVICE_MAX_COMPUTE_UNITS).value_or(1));
}

Support supports_dtype(DType dtype, bool has_f64) {
  if (dtype == DType::f64 && !has_f64) return Support::no("this OpenCL device has no f64 (cl_khr_fp64)");
  if (dtype != DType::tf32 && dtype != DType::f8e4m3 && dtype != DType::s32) return {};
  return Support::no("our OpenCL kernels multiply f64, f32, f16, bf16 and s8, not " + std::string(dtype_name(dtype)));
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
