#include "backends/devices/cuda_tuning.h"

#include <algorithm>
#include <random>

#include "backends/devices/tuning.h"
#include "backends/dtypes.h"

namespace whygpu {
namespace {

constexpr std::size_t kPatternElements = std::size_t{1} << 18;

// Random values in the storage type of `dtype`.
std::vector<std::byte> random_pattern(DType dtype) {
  std::vector<std::byte> bytes(kPatternElements * dtype_bytes(dtype));
  with_storage_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    auto* values = reinterpret_cast<T*>(bytes.data());
    const float scale = std::is_integral_v<T> ? 127.0F : 1.0F;
    for (std::size_t i = 0; i < kPatternElements; ++i) values[i] = static_cast<T>(scale * uniform(random));
  });
  return bytes;
}

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
  std::size_t set_bytes = 1;
  for (const auto& spec : specs) set_bytes += spec.bytes();
  const std::size_t wanted =
      cold ? std::clamp<std::size_t>(2 * device.cache_bytes() / set_bytes + 1, 2, kMaxTunedRuns) : 1;
  const std::size_t fitting = device.free_memory_bytes() * 3 / 4 / set_bytes;
  sets_.resize(std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(fitting, 1)));
  for (const auto& spec : specs) {
    const auto pattern = random_pattern(spec.dtype);
    for (auto& set : sets_) fill(device, set.emplace_back(spec.bytes()), pattern);
  }
  device.synchronize();
}

}  // namespace whygpu
