// What libonnx does not check before it trusts a model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace onnx {
class GraphProto;
}

namespace whygpu::networks {

inline constexpr std::int64_t kLargestExtent = INT32_MAX;  // of a dimension

// Throws a CaseError that begins with the file.
[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what);

// Throw CaseError. Dimensions are from 0 to kLargestExtent, and their product is bounded.
void check_dims(const std::filesystem::path& path, const std::string& tensor, std::span<const std::int64_t> dims);

// Operators are listed after those that compute their inputs, so there are no cycles, and their attributes divide by
// nothing that is not positive.
void check_order(const std::filesystem::path& path, const onnx::GraphProto& graph);

}  // namespace whygpu::networks
