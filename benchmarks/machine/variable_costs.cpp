#include "benchmarks/machine/variable_costs.h"

#include <optional>

#include "benchmarks/runner/gate/pairs.h"
#include "reports/results/statistics.h"
#include "benchmarks/machine/machine_findings.h"

namespace whygpu {
namespace {

// Seconds of the fastest sample; nothing when the worker did not come to one.
std::optional<double> fastest_sample(const std::filesystem::path& folder, const Case& c, const PairSettings& settings) {
  const auto result = run_side(folder, std::span(&c, 1), settings).front();
  if (result.status != Status::ok) return std::nullopt;
  return quantile(result.samples_ns, 0);
}

// Time with `variable` over time without it, median of pairs of processes; nothing when either side cannot run.
std::optional<double> slowdown_by(const std::pair<std::string, std::string>& variable, const Case& c,
                                  const ProbeSettings& settings) {
  constexpr int kPairs = 5;
  PairSettings as_is, without;
  as_is.threads = without.threads = settings.threads;
  without.environment = {{variable.first, ""}};
  std::vector<double> ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    const auto with = fastest_sample(settings.worker_folder, c, as_is);
    const auto free = fastest_sample(settings.worker_folder, c, without);
    if (!with || !free) return std::nullopt;
    ratios.push_back(*with / *free);
  }
  return median(ratios);
}

}  // namespace

std::vector<Finding> variable_costs(const std::vector<BackendProbe>& backends, const ProbeSettings& settings) {
  std::vector<Finding> findings;
  for (const auto& variable : dispatch_variables()) {
    for (const auto& backend : backends) {
      if (!backend.usable()) continue;
      const auto free = probe_backend(settings, backend.name, "gemm", {{variable.first, ""}});
      if (!free.usable() || free.fact("dispatch") == backend.fact("dispatch")) continue;
      const Case c = parse_case("gemm m=1024 n=1024 k=1024 backend=" + backend.name);
      const auto slowdown = slowdown_by(variable, c, settings);
      if (slowdown) {
        findings.push_back(variable_cost(backend.name, variable.first + "=" + variable.second, c.problem(), *slowdown));
      }
    }
  }
  return findings;
}

}  // namespace whygpu
