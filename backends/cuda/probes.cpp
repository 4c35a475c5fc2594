#include "backends/cuda/probes.h"

#include <array>
#include <utility>

namespace whygpu::cuda {
namespace {

constexpr std::array<std::pair<std::string_view, PeakUnit>, 3> kUnits = {
    {{"wgmma", PeakUnit::wgmma}, {"mma", PeakUnit::mma}, {"cores", PeakUnit::cores}}};  // the fastest first

PeakUnit unit_of(const Peak& peak, std::string_view variant, int capability) {
  for (const auto& [name, unit] : kUnits) {
    if (has_peak(peak.dtype, unit, capability) && (variant.empty() || variant == name)) return unit;
  }
  throw std::runtime_error("unknown peak variant");
}

}  // namespace

std::vector<std::string> CudaProbes::variants(const Probe& probe) const {
  std::vector<std::string> names;
  if (const auto* peak = std::get_if<Peak>(&probe)) {
    for (const auto& [name, unit] : kUnits) {
      if (has_peak(peak->dtype, unit, device_.compute_capability())) names.emplace_back(name);
    }
  }
  const auto* stream = std::get_if<Stream>(&probe);
  if (stream != nullptr && stream->kernel == StreamKernel::copy) names = {"kernel", "memcpy"};
  return names;
}

Support CudaProbes::supports(const Probe& probe, std::string_view) const {
  if (const auto* peak = std::get_if<Peak>(&probe); peak != nullptr && variants(probe).empty()) {
    return Support::no("this GPU has no multiply-add instruction for " + std::string(dtype_name(peak->dtype)));
  }
  const auto* stream = std::get_if<Stream>(&probe);
  if (stream != nullptr && stream->dtype != DType::f32 && stream->dtype != DType::f64) {
    return Support::no("the cuda backend has STREAM in f32 and f64 only");
  }
  return {};
}

std::unique_ptr<Operation> CudaProbes::prepare(const Probe& probe, std::string_view variant) {
  if (const auto* stream = std::get_if<Stream>(&probe)) return prepare_stream(*stream, variant == "memcpy", device_);
  if (const auto* transfer = std::get_if<Transfer>(&probe)) return prepare_transfer(*transfer, device_);
  if (const auto* launch = std::get_if<Launch>(&probe)) return prepare_launch(*launch, device_);
  if (const auto* chain = std::get_if<CycleChain>(&probe)) return prepare_cycles(*chain, device_);
  const auto& peak = std::get<Peak>(probe);
  return prepare_peak(peak, unit_of(peak, variant, device_.compute_capability()), device_);
}

}  // namespace whygpu::cuda
