// In place of the reader, where ONNX was not found when the build was configured.
#include <fmt/format.h>

#include "benchmarks/networks/onnx/onnx_graph.h"

namespace whygpu::networks {

OnnxGraph read_onnx(const std::filesystem::path& path, const OnnxSizes&) {
  throw CaseError(
      fmt::format("{}: this build cannot read ONNX files: install libonnx-dev and libprotobuf-dev, and build again; "
                  "accepted: the name of a network of benchmarks/models, or a .model file",
                  path.string()));
}

}  // namespace whygpu::networks
