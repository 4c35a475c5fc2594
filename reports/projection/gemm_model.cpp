// GEMM in tiles; the data of operands and result crosses the memory bus once.
#include "reports/projection/model.h"
#include "reports/projection/product.h"

namespace whygpu::projection {

Estimate estimate(const Gemm& gemm, const Card& card, const Constants& constants) {
  const CardRates rates(card, constants);
  const Product product{gemm.m, gemm.n, gemm.k, gemm.batch, element_bytes(gemm.dtype), 0, constants["largest_split"]};
  const double efficiency = gemm.along_k ? constants["along_k_efficiency"] : 1;
  const auto time =
      product_time(product, rates, product_peak(card, gemm.dtype), efficiency, footprint_of(gemm).total());
  const double launch = constants["gemm_launch_seconds"];
  return {launch + time.seconds, time.compute, time.memory, launch, "tiles"};
}

Estimate estimate(const Traffic& traffic, const Card& card, const Constants& constants) {
  const double memory = traffic.bytes / (card.bandwidth.value_or(0) * constants["copy_bandwidth_fraction"]);
  const double launch = constants["kernel_seconds"];
  return {launch + memory, 0, memory, launch, "copy"};
}

}  // namespace whygpu::projection
