#include "tools/backend_choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/case.h"
#include "benchmarks/nearest.h"

namespace whygpu {

std::vector<BackendProbe> probe_backends(const std::vector<std::string>& names, const ProbeSettings& settings,
                                         const std::string& workload) {
  const auto known = known_backends();
  std::vector<BackendProbe> probes;
  for (const auto& name : names.empty() ? known : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw CaseError(fmt::format("no backend \"{}\"; {}", name, suggest(name, known)));
    }
    probes.push_back(probe_backend(settings, name, workload));
  }
  return probes;
}

}  // namespace whygpu
