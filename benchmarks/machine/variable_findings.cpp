#include "benchmarks/machine/variable_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "benchmarks/machine/environment.h"
#include "benchmarks/runner/gate/pairs.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

std::string join_assignments(const std::vector<std::pair<std::string, std::string>>& variables) {
  std::string text;
  for (const auto& [key, value] : variables) text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, value);
  return text;
}

std::string join_names(const std::vector<std::pair<std::string, std::string>>& variables) {
  std::string text;
  for (const auto& [key, value] : variables) text += (text.empty() ? "" : " ") + key;
  return text;
}

// Seconds of the fastest sample; nothing if the worker did not produce one.
std::optional<double> fastest_sample(const std::filesystem::path& folder, const Case& c, const PairSettings& settings) {
  const auto result = run_side(folder, std::span(&c, 1), settings).front();
  if (result.status != Status::ok) return std::nullopt;
  return quantile(result.samples_ns, 0);
}

// Time with `variable` over time without it, median over pairs of processes; nothing if either side cannot run.
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

std::vector<std::pair<std::string, std::string>> dispatch_variables() {
  auto variables = influential_variables();
  std::erase_if(variables, [](const auto& variable) {
    constexpr std::array prefixes = {"OPENBLAS_", "GOTO_", "BLIS_", "LIBXSMM_", "DNNL_", "ONEDNN_", "OMP_", "MKL_"};
    return std::ranges::none_of(prefixes, [&](const char* prefix) { return variable.first.starts_with(prefix); });
  });
  return variables;
}

std::vector<FindingRecord> variable_findings(const BackendRecord& as_is, const BackendRecord& without,
                                             const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<FindingRecord> findings;
  if (!as_is.usable() || !without.usable()) return findings;
  const std::string set = join_assignments(variables);
  for (const char* key : {"dispatch", "threads"}) {
    if (as_is.fact(key) == without.fact(key)) continue;
    const bool kernels = std::string(key) == "dispatch";
    // Without the variables, the library would have none for this processor.
    const bool better = kernels && !without.fact(kFasterWith).empty() && as_is.fact(kFasterWith).empty();
    findings.push_back(
        {!better,
         fmt::format("{} runs {} {} because of {}; by default it would choose {}", as_is.name,
                     kernels ? "kernels for" : "threads:", as_is.fact(key), set, without.fact(key)),
         better ? fmt::format("report it with the results: {} has no kernels for this processor", without.version)
                : fmt::format("unset {}", join_names(variables))});
  }
  return findings;
}

std::vector<FindingRecord> dispatch_findings(const std::vector<BackendRecord>& backends, const ProbeSettings& settings,
                                             const std::string& workload) {
  std::vector<FindingRecord> findings;
  // One variable at a time, to name the one responsible.
  for (const auto& variable : dispatch_variables()) {
    for (const auto& backend : backends) {
      if (!backend.usable()) continue;
      const auto without = probe_backend(settings, backend.name, workload, {{variable.first, ""}});
      const auto more = variable_findings(backend, without, {variable});
      findings.insert(findings.end(), more.begin(), more.end());
    }
  }
  return findings;
}

std::vector<FindingRecord> variable_costs(const std::vector<BackendRecord>& backends, const ProbeSettings& settings) {
  std::vector<FindingRecord> findings;
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

std::vector<FindingRecord> kernel_findings(const std::vector<BackendRecord>& backends) {
  std::vector<FindingRecord> findings;
  for (const auto& backend : backends) {
    const std::string faster_with = backend.fact(kFasterWith);
    if (faster_with.empty()) continue;
    findings.push_back({true,
                        fmt::format("{} ({}) has no kernels for this processor and runs {} ones, several times slower",
                                    backend.name, backend.version, backend.fact("dispatch")),
                        "set " + faster_with});
  }
  return findings;
}

FindingRecord variable_cost(const std::string& backend, const std::string& variable, const std::string& problem,
                            double slowdown) {
  if (slowdown < 0.95) {
    return {false,
            fmt::format("{} makes {} {:.2f} times as fast on {}, measured in pairs", variable, backend, 1 / slowdown,
                        problem),
            "keep it, and report it with the results"};
  }
  return {
      slowdown > 1.05,
      fmt::format("{} makes {} {:.2f} times as slow on {}, measured in pairs", variable, backend, slowdown, problem),
      fmt::format("unset {}", variable.substr(0, variable.find('=')))};
}

}  // namespace whygpu
