#include "reports/projection/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace whygpu::projection {
namespace {

std::string dtype_of(const Problem& problem) {
  if (const auto* gemm = std::get_if<Gemm>(&problem)) return gemm->dtype;
  if (const auto* convolution = std::get_if<Convolution>(&problem)) return convolution->dtype;
  return "f32";
}

// Why there is no projection; empty when there is one.
std::string obstacle(const Problem& problem, const Card& card, const DataPath& path) {
  const bool traffic = std::holds_alternative<Traffic>(problem);
  const std::string dtype = dtype_of(problem);
  if (element_bytes(dtype) == 0) return fmt::format("the model has no dtype {}", dtype);
  if (!(card.bandwidth.value_or(0) > 0)) return fmt::format("the memory bandwidth of {} is not known", card.name);
  if (!traffic && !(product_peak(card, dtype) > 0))
    return fmt::format("{} has no {} arithmetic in the catalogue", card.name, dtype);
  if (!traffic && !card.multiprocessors)
    return fmt::format("the number of multiprocessors of {} is not known", card.name);
  const double needed = footprint_of(problem).total();
  if (card.memory_bytes && needed > *card.memory_bytes) {
    return fmt::format("needs {:.1f} GB, {} has {:.1f} GB", needed / 1e9, card.name, *card.memory_bytes / 1e9);
  }
  if (path.offload != Offload::kernel && !(card.pcie_bytes_per_second.value_or(0) > 0))
    return fmt::format("the transfer rate of {} is not known", card.name);
  return {};
}

double transfer_seconds(const Problem& problem, const Card& card, const DataPath& path, const Constants& constants) {
  if (path.offload == Offload::kernel) return 0;
  const Footprint footprint = footprint_of(problem);
  const double rate = *card.pcie_bytes_per_second * constants["pcie_fraction"];
  const double both = footprint.total() / rate + 2 * constants["transfer_latency_seconds"];
  return path.offload == Offload::once ? both / std::max(1., path.reuse) : both;
}

std::string limit_of(const Estimate& estimate, double transfer) {
  const double largest = std::max({estimate.compute, estimate.memory, estimate.launch, transfer});
  if (transfer == largest) return "transfer";
  if (estimate.launch == largest) return "launch";
  return estimate.memory == largest ? "memory" : "compute";
}

}  // namespace

double product_peak(const Card& card, const std::string& dtype) {
  const auto peak = [&](const std::string& name) {
    const auto found = card.flops.find(name);
    return found == card.flops.end() ? 0. : found->second;
  };
  // Without matrix units, f16 products accumulated in f32 run at the f32 rate.
  return dtype == "f16" && !has_matrix_units(card.generation) ? peak("f32") : peak(dtype);
}

std::string band_class(const Problem& problem, const Card& card) {
  if (const auto* gemm = std::get_if<Gemm>(&problem)) {
    // A dimension of at most one or two tiles: libraries differ most there.
    return std::min(gemm->m, gemm->n) <= 128 ? "gemm, thin" : "gemm";
  }
  if (const auto* convolution = std::get_if<Convolution>(&problem)) {
    const bool few = convolution->c / convolution->groups < 8;
    return few && element_bytes(convolution->dtype) <= 2 && has_matrix_units(card.generation)
               ? "convolution, few channels"
               : "convolution";
  }
  return "memory";
}

Outcome project(const Problem& problem, const Card& card, const DataPath& path, const Constants& constants) {
  if (std::string reason = obstacle(problem, card, path); !reason.empty()) return NotProjected{std::move(reason)};
  const Estimate alone = std::visit([&](const auto& one) { return estimate(one, card, constants); }, problem);
  if (!std::isfinite(alone.seconds)) return NotProjected{fmt::format("out of the model's range on {}", card.name)};
  const double transfer = transfer_seconds(problem, card, path, constants);
  const auto found = constants.bands.find(band_class(problem, card));
  if (found == constants.bands.end()) return NotProjected{"no band is known for " + band_class(problem, card)};
  const Band transfers = constants.bands.at("transfer");
  return Projection{alone.seconds + transfer, alone.seconds * found->second.low + transfer * transfers.low,
                    alone.seconds * found->second.high + transfer * transfers.high, limit_of(alone, transfer),
                    std::string(alone.algorithm)};
}

std::optional<bool> is_faster(const Projection& projection, double seconds) {
  if (projection.high < seconds) return true;
  if (projection.low > seconds) return false;
  return std::nullopt;
}

}  // namespace whygpu::projection
