#include "benchmarks/networks/onnx/read_network.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "benchmarks/networks/onnx/model_nodes.h"
#include "benchmarks/networks/onnx/onnx_nodes.h"

namespace whygpu::networks {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostModelBytes = 1 << 20;

NetworkRecord from_model(const Model& model, const OnnxSizes& sizes, bool training) {
  Sizes overrides(sizes.dims.begin(), sizes.dims.end());
  if (sizes.batch) overrides["batch"] = *sizes.batch;
  return network_of(model.name(), model.network(overrides), training);
}

NetworkRecord from_model_file(const fs::path& path, const OnnxSizes& sizes, bool training) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) throw CaseError(fmt::format("{}: no such file", path.string()));
  if (fs::file_size(path) > kMostModelBytes) {
    throw CaseError(fmt::format("{}: larger than any .model file; accepted: up to 1 MiB of text", path.string()));
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw CaseError(fmt::format("{}: cannot be read", path.string()));
  return from_model(Model(path.stem().string(), text), sizes, training);
}

}  // namespace

NetworkRecord read_network(const std::string& what, const OnnxSizes& sizes, bool training) {
  const fs::path path = what;
  if (path.extension() == ".model") return from_model_file(path, sizes, training);
  std::error_code error;
  if (path.extension() == ".onnx" || fs::exists(path, error)) {
    try {
      return network_of(read_onnx(path, sizes), training);
    } catch (const CaseError& caught) {
      const std::string message = caught.what();
      if (message.starts_with(what)) throw;
      throw CaseError(what + ": " + message);
    }
  }
  try {
    return from_model(find_model(what), sizes, training);
  } catch (const CaseError& caught) {
    if (path.has_parent_path()) throw CaseError(what + ": no such file; accepted: an ONNX file or a .model file");
    throw;
  }
}

}  // namespace whygpu::networks
