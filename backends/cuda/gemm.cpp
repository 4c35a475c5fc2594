#include "backends/cuda/gemm.h"

#include <algorithm>
#include <stdexcept>

namespace whygpu::cuda {
namespace {

const Rung* find(std::string_view name) {
  for (const Rung* rung : rungs()) {
    if (rung->name == name) return rung;
  }
  return nullptr;
}

}  // namespace

std::span<const Rung* const> rungs() {
  static constexpr const Rung* ladder[] = {&naive_rung,      &coalesced_rung,  &tiled_rung,  &register_tiled_rung,
                                           &vectorised_rung, &warp_tiled_rung, &tensor_rung, &hopper_rung};
  return ladder;
}

std::vector<std::string> gemm_variants(const Gemm& op, const Chip& chip) {
  std::vector<std::string> names;
  for (const Rung* rung : rungs()) {
    if (rung->supports(op, chip)) names.emplace_back(rung->name);
  }
  std::reverse(names.begin(), names.end());
  return names;
}

Support gemm_supports(const Gemm& op, std::string_view variant, const Chip& chip) {
  if (variant.empty()) {
    // If no rung supports `op`, the reason is that of naive, the most general rung.
    const auto names = gemm_variants(op, chip);
    return names.empty() ? naive_rung.supports(op, chip) : Support{};
  }
  const Rung* rung = find(variant);
  if (rung != nullptr) return rung->supports(op, chip);
  std::string known;
  for (const Rung* each : rungs()) known += (known.empty() ? "" : ", ") + std::string(each->name);
  return Support::no("no variant '" + std::string(variant) + "'; available: " + known);
}

Plan plan_gemm(const Gemm& op, std::string_view variant, const Chip& chip) {
  const Support support = gemm_supports(op, variant, chip);
  if (!support) throw std::runtime_error(support.reason);
  const std::string name = variant.empty() ? gemm_variants(op, chip).front() : std::string(variant);
  return find(name)->plan(op, chip);
}

}  // namespace whygpu::cuda
