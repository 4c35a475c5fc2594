#include "reports/ceiling_place.h"

#include "reports/measures.h"

namespace whygpu {
namespace {

std::optional<double> find(const ResultFile& file, const std::string& device, const std::string& kind,
                           const std::string& dtype, const std::string& level) {
  for (const auto& ceiling : file.ceilings) {
    if (ceiling.device == device && ceiling.kind == kind && ceiling.dtype == dtype && ceiling.level == level) {
      return ceiling.value;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> arithmetic_ceiling(const ResultFile& file, const CaseRecord& record) {
  const auto* backend = file.backend(record.backend);
  if (backend == nullptr || !backend->device) return std::nullopt;
  return find(file, backend->device->name, "flops", record.value("dtype"), "");
}

std::optional<CeilingPlace> ceiling_place(const ResultFile& file, const CaseRecord& record) {
  const auto* backend = file.backend(record.backend);
  const auto time = time_ns(record);
  if (backend == nullptr || !backend->device || !time) return std::nullopt;
  const auto& device = *backend->device;
  const bool cold = record.value("mode") == "cold";
  const bool cached = !cold && record.set_bytes > 0 && record.set_bytes <= device.cache_bytes;

  std::optional<double> peak;
  if (record.flops > 0 && record.workload != "memory") {
    peak = arithmetic_ceiling(file, record);
    if (!peak) return std::nullopt;  // below an unknown roof, the distance to another one says little
  }
  const double flops = record.workload == "memory" ? 0 : record.flops;  // STREAM is judged by what it moves
  std::optional<CeilingPlace> best;
  for (const char* level : {"memory", "L3", "L2", "L1"}) {
    const auto bandwidth = find(file, device.name, "bandwidth", "", level);
    if (!bandwidth && best) continue;
    const auto place = place_on_roofline(flops, record.bytes, 1e-9 * time->value, peak, bandwidth);
    if (!place) continue;
    if (cached && level == std::string("memory") && find(file, device.name, "bandwidth", "", "L3")) continue;
    best = CeilingPlace{*place, level, {}};
    if (!cached || place->roof == Roof::arithmetic || place->fraction <= 1 + kCeilingTolerance) break;
  }
  if (best) {
    best->beaten =
        explain_beaten_ceiling(best->place, record.implementation, record.set_bytes, device.cache_bytes, cold);
  }
  return best;
}

}  // namespace whygpu
