#include "backends/cuda/ceilings.h"

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
  throw std::runtime_error("no such peak");
}

}  // namespace

bool is_ceiling(const Op& op) {
  return std::holds_alternative<Stream>(op) || std::holds_alternative<Transfer>(op) ||
         std::holds_alternative<Launch>(op) || std::holds_alternative<Peak>(op) ||
         std::holds_alternative<CycleChain>(op);
}

std::vector<std::string> ceiling_variants(const Op& op, const CudaDevice& device) {
  std::vector<std::string> names;
  if (const auto* peak = std::get_if<Peak>(&op)) {
    for (const auto& [name, unit] : kUnits) {
      if (has_peak(peak->dtype, unit, device.compute_capability())) names.emplace_back(name);
    }
  }
  const auto* stream = std::get_if<Stream>(&op);
  if (stream != nullptr && stream->kernel == StreamKernel::copy) names = {"kernel", "memcpy"};
  return names;
}

Support ceiling_supports(const Op& op, std::string_view, const CudaDevice& device) {
  if (const auto* peak = std::get_if<Peak>(&op); peak != nullptr && ceiling_variants(op, device).empty()) {
    return Support::no("this GPU has no instruction that multiplies and adds " + std::string(dtype_name(peak->dtype)));
  }
  const auto* stream = std::get_if<Stream>(&op);
  if (stream != nullptr && stream->dtype != DType::f32 && stream->dtype != DType::f64) {
    return Support::no("the cuda backend streams f32 and f64 only");
  }
  return {};
}

std::unique_ptr<Operation> prepare_ceiling(const Op& op, std::string_view variant, CudaDevice& device) {
  if (const auto* stream = std::get_if<Stream>(&op)) return prepare_stream(*stream, variant == "memcpy", device);
  if (const auto* transfer = std::get_if<Transfer>(&op)) return prepare_transfer(*transfer, device);
  if (const auto* launch = std::get_if<Launch>(&op)) return prepare_launch(*launch, device);
  if (const auto* chain = std::get_if<CycleChain>(&op)) return prepare_cycles(*chain, device);
  const auto& peak = std::get<Peak>(op);
  return prepare_peak(peak, unit_of(peak, variant, device.compute_capability()), device);
}

}  // namespace whygpu::cuda
