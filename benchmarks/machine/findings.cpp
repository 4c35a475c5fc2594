#include "benchmarks/machine/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "reports/results/statistics.h"

namespace whygpu {
namespace {

constexpr double kBusyShare = 0.05, kStealShare = 0.01;
constexpr const char* kDedicated = "use a machine or an instance type with dedicated cores";
constexpr double kNoisy = 0.05, kVeryNoisy = 0.20;

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

}  // namespace

nlohmann::json to_json(const Finding& finding) {
  return {{"severity", finding.serious ? "serious" : "note"}, {"what", finding.what}, {"do", finding.remedy}};
}

Busyness busyness(const CpuTicks& before, const CpuTicks& after) {
  const double total = after.total - before.total;
  if (total <= 0) return {};
  const double steal = after.steal - before.steal;
  return {(total - (after.idle - before.idle) - steal) / total, steal / total};
}

Busyness listen_to_others(double seconds) {
  const auto before = cpu_ticks();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  return busyness(before, cpu_ticks());
}

std::vector<Finding> cpu_findings(const CpuFacts& cpu, std::optional<double> quota, int threads) {
  std::vector<Finding> findings;
  if (cpu.governor && *cpu.governor != "performance") {
    findings.push_back({true, fmt::format("the CPU governor is \"{}\": clocks follow the load", *cpu.governor),
                        "as root: echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"});
  }
  if (cpu.turbo.value_or(false)) {
    findings.push_back({false, "turbo is on: clocks depend on temperature and on how many cores are busy",
                        "leave it on to measure what users get; switch it off to compare builds"});
  }
  if (cpu.smt.value_or(false)) {
    findings.push_back({false, "SMT is on: two threads may share a core",
                        "give --threads the number of physical cores, or pin with taskset"});
  }
  if (cpu.online > 0 && threads > cpu.online) {
    findings.push_back({true, fmt::format("{} threads on {} CPUs: they take turns", threads, cpu.online),
                        fmt::format("run with --threads {}", cpu.online)});
  }
  if (quota && *quota != std::floor(*quota)) {
    findings.push_back(
        {true,
         fmt::format("the cgroup grants {:.2f} CPUs: with {} threads some are paused in every period", *quota, threads),
         fmt::format("run with --threads {}, or lift the quota", std::max(1, static_cast<int>(*quota)))});
  } else if (quota && threads > *quota) {
    findings.push_back({true, fmt::format("{} threads on a quota of {:g} CPUs: threads are paused", threads, *quota),
                        fmt::format("run with --threads {:g}", *quota)});
  }
  return findings;
}

std::vector<Finding> load_findings(const Busyness& b) {
  std::vector<Finding> findings;
  if (b.busy > kBusyShare) {
    findings.push_back({true, fmt::format("other programs use {:.0f}% of the CPU time", 100 * b.busy),
                        "stop them, or measure longer and look at the spread (top shows who they are)"});
  }
  if (b.steal > kStealShare) {
    findings.push_back(
        {true, fmt::format("the hypervisor takes away {:.1f}% of the CPU time", 100 * b.steal), kDedicated});
  }
  return findings;
}

std::vector<Finding> steal_findings(double steal) {
  if (steal <= kStealShare) return {};
  return {
      {true, fmt::format("the hypervisor took away {:.1f}% of the CPU time during the run", 100 * steal), kDedicated}};
}

std::vector<Finding> variable_findings(const BackendProbe& as_is, const BackendProbe& without,
                                       const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<Finding> findings;
  if (!as_is.usable() || !without.usable()) return findings;
  const std::string set = join_assignments(variables);
  for (const char* key : {"dispatch", "threads"}) {
    if (as_is.fact(key) == without.fact(key)) continue;
    const std::string name = std::string(key) == "dispatch" ? "kernels for" : "threads:";
    findings.push_back({true,
                        fmt::format("{} runs {} {} because of {}; by itself it would choose {}", as_is.name, name,
                                    as_is.fact(key), set, without.fact(key)),
                        fmt::format("unset {}", join_names(variables))});
  }
  return findings;
}

std::vector<std::pair<std::string, std::string>> dispatch_variables() {
  auto variables = influential_variables();
  std::erase_if(variables, [](const auto& variable) {
    const std::string& name = variable.first;
    const bool library = name.starts_with("OPENBLAS_") || name.starts_with("GOTO_") || name.starts_with("DNNL_") ||
                         name.starts_with("ONEDNN_") || name.starts_with("OMP_") || name.starts_with("MKL_");
    return !library;
  });
  return variables;
}

std::vector<Finding> dispatch_findings(const std::vector<BackendProbe>& backends, const ProbeSettings& settings,
                                       const std::string& workload) {
  std::vector<Finding> findings;
  // One variable at a time, so that the one to blame is named.
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

double noise_floor(double seconds) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t value = 1;
  while (Clock::now() < end) {
    const auto start = Clock::now();
    for (int i = 0; i < 300'000; ++i) value = value * 6364136223846793005U + 1442695040888963407U;
    volatile std::uint64_t keep = value;
    value = keep;
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  return quantile(times, 0.95) / quantile(times, 0) - 1;
}

std::vector<Finding> noise_findings(double noise) {
  if (noise < kNoisy) return {};
  return {{noise > kVeryNoisy,
           fmt::format("the same arithmetic takes up to {:.0f}% longer from one moment to the next (95th percentile)",
                       100 * noise),
           "believe differences only above that, or compare by pairs of runs back to back"}};
}

}  // namespace whygpu
