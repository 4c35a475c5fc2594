#include "reports/claims/projected_measures.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/claims/claim_measures.h"
#include "reports/render/text.h"
#include "reports/views/projected.h"

namespace whygpu {
namespace {

std::string interval(double low, double high) {
  return fmt::format("[{} to {}]", format_number(low), format_number(high));
}

// The greatest rate of the card on the file's problems: of FLOPs, or of bytes where none are counted.
std::optional<ProjectedMeasure> greatest_rate(const ResultFile& file, const CatalogueDevice& card, bool of_flops) {
  std::optional<ProjectedMeasure> best;
  for (const auto& one : project_cases(file, card, Offload::kernel)) {
    const auto* projected = std::get_if<projection::Projection>(&one.outcome);
    const double amount = of_flops ? one.cpu->flops : one.cpu->flops > 0 ? 0 : one.cpu->bytes;
    if (!projected || amount <= 0 || (best && amount / projected->high <= best->low)) continue;
    const double low = amount / projected->high, high = amount / projected->low;
    best = {low, high,
            fmt::format("projected {} {} for {} at {}", interval(low / 1e9, high / 1e9), of_flops ? "GFLOP/s" : "GB/s",
                        card.name, one.cpu->problem)};
  }
  return best;
}

std::optional<ProjectedMeasure> best_speedup(const ResultFile& file, const CatalogueDevice& card) {
  std::optional<ProjectedMeasure> best;
  for (const auto& contest : projected_contests(file, card, Offload::kernel)) {
    for (const auto& point : contest.points) {
      if (best && point.factor.low() <= best->low) continue;
      best = {point.factor.low(), point.factor.high(),
              fmt::format("projected {}× by {} over {} at {}", interval(point.factor.low(), point.factor.high()),
                          card.name, point.best_cpu, point.problem)};
    }
  }
  return best;
}

// Between the sizes where the CPU surely wins and those where it may.
std::optional<ProjectedMeasure> sizes_won_by_cpu(const ResultFile& file, const CatalogueDevice& card) {
  double surely = 0, perhaps = 0, all = 0;
  for (const auto& contest : projected_contests(file, card, Offload::kernel)) {
    for (const auto& point : contest.points) {
      surely += point.factor.high() < 1 ? 1 : 0;
      perhaps += point.factor.low() < 1 ? 1 : 0;
      all += 1;
    }
  }
  if (all == 0) return std::nullopt;
  return ProjectedMeasure{
      surely, perhaps,
      fmt::format("projected for {}: {} to {} of {} problems are faster on the CPU", card.name, surely, perhaps, all)};
}

// The card's over the CPU's, of a measure of both.
std::optional<ProjectedMeasure> over_cpu(const std::optional<ProjectedMeasure>& of_card, const Measured& of_cpu) {
  if (!of_card || !of_cpu.value) return std::nullopt;
  return ProjectedMeasure{
      of_card->low / *of_cpu.value, of_card->high / *of_cpu.value,
      fmt::format("{}× ({}; against {})", interval(of_card->low / *of_cpu.value, of_card->high / *of_cpu.value),
                  of_card->evidence, of_cpu.evidence)};
}

}  // namespace

std::optional<ProjectedMeasure> projected_measure(const std::string& name, const ResultFile& file,
                                                  const CatalogueDevice& card, const ClaimSettings& settings) {
  if (name == "gpu_flops") return greatest_rate(file, card, true);
  if (name == "gpu_bandwidth") return greatest_rate(file, card, false);
  if (name == "bandwidth_ratio") {
    return over_cpu(greatest_rate(file, card, false), measure_for_claim("cpu_bandwidth", ClaimFile(file), settings));
  }
  if (name == "best_speedup") return best_speedup(file, card);
  if (name == "sizes_won_by_cpu") return sizes_won_by_cpu(file, card);
  if (name == "gpu_price" && card.launch_price_usd) {
    const double price = *card.launch_price_usd;
    return ProjectedMeasure{price, price, fmt::format("{} at ${} (catalogue)", card.name, format_number(price))};
  }
  return std::nullopt;
}

}  // namespace whygpu
