#include "backends/devices/cuda_tuning.h"

#include <algorithm>

#include "backends/devices/tuning.h"

namespace whygpu {
namespace {

// Repeats `pattern` over `buffer`.
void fill(CudaDevice& device, const CudaBuffer& buffer, const std::vector<std::byte>& pattern) {
  auto* data = static_cast<std::byte*>(buffer.data());
  for (std::size_t at = 0; at < buffer.bytes(); at += pattern.size()) {
    const std::size_t bytes = std::min(pattern.size(), buffer.bytes() - at);
    cuda_check(at == 0 ? cudaMemcpyAsync(data, pattern.data(), bytes, cudaMemcpyHostToDevice, device.stream())
                       : cudaMemcpyAsync(data + at, data, bytes, cudaMemcpyDeviceToDevice, device.stream()),
               "filling the tuning buffers");
  }
}

}  // namespace

TuningBuffers::TuningBuffers(CudaDevice& device, const std::vector<TensorSpec>& specs, bool cold) {
  std::size_t bytes = 0;
  for (const auto& spec : specs) bytes += spec.bytes();
  sets_.resize(tuning_sets(device, bytes, cold));
  for (const auto& spec : specs) {
    const auto pattern = tuning_pattern(spec.dtype);
    for (auto& set : sets_) fill(device, set.emplace_back(spec.bytes()), pattern);
  }
  device.synchronize();
}

}  // namespace whygpu
