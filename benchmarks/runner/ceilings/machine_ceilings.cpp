#include "benchmarks/runner/ceilings/machine_ceilings.h"

#include <algorithm>

#include "benchmarks/runner/probe.h"

namespace whygpu {

CeilingVisits visits_to_this_machine(const std::vector<std::string>& dtypes, int threads, int device) {
  auto cases = host_ceiling_cases(dtypes, threads, caches());
  const auto known = known_backends();
  if (std::ranges::find(known, "cuda") != known.end()) {
    const auto cuda = probe_backend({program_folder(), threads, device}, "cuda", "peak");
    if (cuda.usable()) {
      const auto more = cuda_ceiling_cases(dtypes);
      cases.insert(cases.end(), more.begin(), more.end());
    }
  }
  return {std::move(cases), program_folder(), threads, device};
}

CeilingReport ceilings_of_this_machine(const std::vector<std::string>& dtypes, int threads, int device) {
  auto visits = visits_to_this_machine(dtypes, threads, device);
  visits.measure(2, 3);
  return visits.best();
}

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
