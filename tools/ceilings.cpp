#include "tools/ceilings.h"

namespace whygpu {

std::optional<double> fraction_of_nominal(const Ceiling& ceiling, const Catalogue& catalogue) {
  const CatalogueDevice* device = catalogue.find(ceiling.device);
  if (device == nullptr) return std::nullopt;
  if (ceiling.kind == "bandwidth" && ceiling.level == "memory" && device->bandwidth)
    return ceiling.value / *device->bandwidth;
  const auto peak = device->flops.find(ceiling.dtype);
  if (ceiling.kind == "flops" && peak != device->flops.end()) return ceiling.value / peak->second;
  return std::nullopt;
}

}  // namespace whygpu
