#include "reports/views/ceiling_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "reports/render/text.h"
#include "reports/results/measures.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

constexpr double kBusyTolerance = 1.2;
constexpr double kShortestForCpuTime = 5e5;  // ns of a sample: reading the CPU time takes microseconds of it

std::optional<double> find(const ResultFile& file, const std::string& device, CeilingKind kind,
                           const std::string& dtype, const std::string& level) {
  for (const auto& ceiling : file.ceilings) {
    if (ceiling.device == device && ceiling.kind == kind && ceiling.dtype == dtype && ceiling.level == level) {
      return ceiling.value;
    }
  }
  return std::nullopt;
}

// Ceilings are those of one process, and each rank has a device or CPUs of its own.
double processes(const CaseRecord& record) { return std::max(1.0, static_cast<double>(record.ranks.size())); }

std::optional<double> times(std::optional<double> value, double factor) {
  return value ? std::optional(*value * factor) : std::nullopt;
}

bool contradicts_its_ceiling(const ResultFile& file, const CaseRecord& record) {
  const auto place = ceiling_place(file, record);
  return place && place->beaten && place->beaten->error;
}

// CPU time over time, of CPU backends; not of operands that are copied before the timed operation.
std::optional<double> busy_threads(const ResultFile& file, const CaseRecord& record) {
  const auto* backend = file.backend(record.backend);
  const auto time = time_ns(record);
  if (backend == nullptr || backend->queues_work() || !time) return std::nullopt;
  if (record.offload().value_or(Offload::kernel) != Offload::kernel) return std::nullopt;
  std::vector<double> busy;
  for (const auto& round : record.rounds) {
    if (static_cast<double>(round.batch) * time->value < kShortestForCpuTime) return std::nullopt;
    const double total = std::accumulate(round.samples_ns.begin(), round.samples_ns.end(), 0.0);
    busy.push_back(round.cpu_ns * static_cast<double>(round.samples_ns.size()) / total);  // both are means
  }
  return median(busy);
}

}  // namespace

std::optional<double> arithmetic_ceiling(const ResultFile& file, const CaseRecord& record) {
  const auto* backend = file.backend(record.backend);
  if (backend == nullptr || !backend->device) return std::nullopt;
  return times(find(file, backend->device->name, CeilingKind::flops, record.value("dtype"), ""), processes(record));
}

std::optional<CeilingPlace> ceiling_place(const ResultFile& file, const CaseRecord& record, Against against) {
  const auto* backend = file.backend(record.backend);
  const auto time = time_ns(record);
  if (backend == nullptr || !backend->device || !time) return std::nullopt;
  if (record.flops <= 0 && !record.ranks.empty()) return std::nullopt;  // between ranks
  const auto& device = *backend->device;
  const bool cold = record.is_cold();
  const auto cache_bytes = static_cast<double>(device.cache_bytes);
  const bool cached = !cold && record.set_bytes > 0 && record.set_bytes <= cache_bytes;

  std::optional<double> peak;
  bool widened = false;
  const bool moves_only = against == Against::bandwidth || record.workload == kMemory;  // as in STREAM
  if (record.flops > 0 && !moves_only) {
    peak = arithmetic_ceiling(file, record);
    const auto dtype = record.value("dtype");
    widened = !peak && device.kind == RecordedDevice::cpu && (dtype == "f16" || dtype == "bf16");
    if (widened) peak = times(find(file, device.name, CeilingKind::flops, "f32", ""), processes(record));
    if (!peak) return std::nullopt;  // the unknown roof may be the lower one
  }
  const double flops = moves_only ? 0 : record.flops;
  std::optional<CeilingPlace> best;
  for (const char* level : {"memory", "L3", "L2", "L1"}) {
    const auto bandwidth = times(find(file, device.name, CeilingKind::bandwidth, "", level), processes(record));
    if (!bandwidth && best) continue;
    const auto place = place_on_roofline(flops, record.bytes, 1e-9 * time->value, peak, bandwidth);
    if (!place) continue;
    if (cached && level == std::string("memory") && find(file, device.name, CeilingKind::bandwidth, "", "L3")) continue;
    best = CeilingPlace{*place, level, widened, {}};
    if (!cached || place->roof == Roof::arithmetic || place->fraction <= 1 + kCeilingTolerance) break;
  }
  if (best) {
    best->beaten = explain_beaten_ceiling(best->place, record.implementation, record.set_bytes, cache_bytes, cold);
  }
  return best;
}

std::string suspicion(const ResultFile& file, const CaseRecord& record) {
  if (contradicts_its_ceiling(file, record)) return ceiling_place(file, record)->beaten->why;
  const auto busy = busy_threads(file, record);
  const int allowed = file.run.threads + (record.ranks.empty() ? 0 : 1);  // one more lets MPI make progress
  if (busy && *busy > kBusyTolerance * allowed) {
    return fmt::format(
        "{:.3g} threads were busy with --threads {}: work went on outside of the timed operation, or on "
        "more threads than allowed",
        *busy, file.run.threads);
  }
  return {};
}

std::vector<std::string> contradictions(const ResultFile& file) {
  struct Beaten {
    std::size_t cases = 0;
    double most = 0;
  };
  std::map<std::string, Beaten> ceilings;
  for (const auto& record : file.cases) {
    if (!contradicts_its_ceiling(file, record)) continue;
    const auto place = ceiling_place(file, record)->place;
    auto& beaten = ceilings[place.roof == Roof::arithmetic ? record.value("dtype") + " arithmetic" : "bandwidth"];
    ++beaten.cases;
    beaten.most = std::max(beaten.most, place.fraction);
  }
  std::vector<std::string> lines;
  for (const auto& [ceiling, beaten] : ceilings) {
    lines.push_back(fmt::format(
        "error: {} {} up to {:.0f}% above the measured ceiling of {}: the ceiling was measured too low, or less work "
        "was done than counted; do not use these percentages, measure again",
        count_of(beaten.cases, "case"), beaten.cases == 1 ? "is" : "are", 100 * (beaten.most - 1), ceiling));
  }
  return lines;
}

std::string describe_disturbed_ceilings(const ResultFile& file) {
  for (const auto& ceiling : file.ceilings) {
    if (ceiling.kind != CeilingKind::flops || ceiling.undisturbed != 0) continue;
    return fmt::format("ceilings: other work disturbed {}: percentages may be too high",
                       ceiling.visits == 1 ? "the only visit" : fmt::format("all {} visits", ceiling.visits));
  }
  return {};
}

}  // namespace whygpu
