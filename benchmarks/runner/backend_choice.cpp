#include "benchmarks/runner/backend_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "benchmarks/cases/case.h"
#include "benchmarks/cases/nearest.h"

namespace whygpu {

void refuse_unknown_backends(const std::vector<std::string>& names, const std::vector<std::string>& known) {
  for (const auto& name : names) {
    if (std::ranges::find(known, name) == known.end())
      throw CaseError(fmt::format("no backend \"{}\"; {}", name, suggest(name, known)));
  }
}

std::vector<BackendProbe> probe_backends(const std::vector<std::string>& names, const ProbeSettings& settings,
                                         const std::string& workload) {
  const auto known = known_backends();
  refuse_unknown_backends(names, known);
  std::vector<BackendProbe> probes;
  for (const auto& name : names.empty() ? known : names) {
    const auto left_out = why_left_out(name);
    probes.push_back(left_out ? BackendProbe{name, nullptr, "not built: " + *left_out, nlohmann::json::array()}
                              : probe_backend(settings, name, workload));
  }
  return probes;
}

void drop_strangers(std::vector<Case>& cases,
                    const std::function<bool(const std::string& backend, const std::string& workload)>& is_stranger) {
  std::map<std::pair<std::string, std::string>, bool> strangers;
  std::erase_if(cases, [&](const Case& c) {
    const std::string backend(c["backend"]);
    const auto [found, inserted] = strangers.try_emplace({backend, c.workload});
    if (inserted) found->second = is_stranger(backend, c.workload);
    return found->second;
  });
}

}  // namespace whygpu
