#include "benchmarks/runner/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "benchmarks/machine/environment.h"
#include "benchmarks/runner/launcher.h"
#include "benchmarks/runner/probe.h"
#include "benchmarks/runner/select_cases.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

constexpr double kQuickSeconds = 60;
constexpr double kBudgetPerCase = 2;

// Applies the options by parsing each case again, so that incompatible values are rejected as in a sweep.
Case with_offload(Case problem, const RunOptions& options) {
  if (!options.offload.empty()) problem = problem.with("offload", options.offload);
  if (!options.reuse.empty()) problem = problem.with("reuse", options.reuse);
  return parse_case(problem.text());
}

// The key of a workload whose cases several processes can measure; null if it has none.
const Parameter* ranks_of(const std::string& workload) {
  const auto parameters = find_workload(workload).parameters();
  const auto found = std::ranges::find(parameters, kRanksKey, &Parameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

// Every problem that can have several ranks, with each number of them; collectives have no single rank.
std::vector<Case> with_ranks(std::vector<Case> problems, const std::vector<int>& ranks) {
  if (ranks.empty()) return problems;
  if (std::ranges::none_of(problems, [](const Case& problem) { return ranks_of(problem.workload) != nullptr; })) {
    throw CaseError(fmt::format("--ranks: {} runs in one process; accepted for collectives and training_step",
                                problems.front().workload));
  }
  std::vector<Case> expanded;
  for (const auto& problem : problems) {
    const Parameter* accepted = ranks_of(problem.workload);
    if (accepted == nullptr) {
      expanded.push_back(problem);
      continue;
    }
    for (const int count : ranks) {
      if (count < accepted->minimum && std::ranges::max(ranks) >= accepted->minimum) continue;
      const Case several = parse_case(problem.with(kRanksKey, std::to_string(count)).text());
      if (std::ranges::find(expanded, several) == expanded.end()) expanded.push_back(several);
    }
  }
  return expanded;
}

int most_ranks(const std::vector<Case>& problems) {
  int most = 1;
  for (const auto& problem : problems) most = std::max(most, problem.ranks());
  return most;
}

// Backends that were asked for, and of which none can run.
void refuse_unusable(const std::vector<std::string>& asked, const std::vector<BackendRecord>& backends) {
  const bool any = std::ranges::any_of(backends, [](const auto& one) { return one.usable() || one.crashed; });
  if (asked.empty() || any) return;
  std::vector<std::string> reasons;
  for (const auto& backend : backends) reasons.push_back(backend.name + ": " + backend.reason);
  throw CaseError(fmt::format("backend: nothing can run here: {}", fmt::join(reasons, "; ")));
}

// Backends in cases that were typed: each must be one that can run here, as with --backend.
std::vector<std::string> backends_in(const std::vector<std::string>& words) {
  constexpr std::string_view key = "backend=";
  std::vector<std::string> names;
  for (const auto& word : words) {
    std::istringstream parts(word);
    for (std::string part; parts >> part;) {
      if (!part.starts_with(key)) continue;
      std::istringstream list(part.substr(key.size()));
      for (std::string name; std::getline(list, name, ',');) names.push_back(name);
    }
  }
  return names;
}

}  // namespace

void leave_out_cpu_opencl(std::vector<BackendRecord>& backends, const std::vector<Case>& problems) {
  for (auto& backend : backends) {
    const auto is_asked = [&](const Case& problem) { return problem["backend"] == backend.name; };
    if (!backend.on_cpu_opencl() || std::ranges::any_of(problems, is_asked)) continue;
    backend.reason = backend.device->name + " checks code and is no rival of others; --backend runs it";
    backend.device.reset();
  }
}

RunPlan plan_run(const RunOptions& options) {
  RunPlan plan;
  const std::string usual = options.models.empty() ? "quick" : "training";
  const auto words = options.words.empty() ? std::vector{usual} : options.words;
  plan.sweep = options.title.empty() ? fmt::format("{}", fmt::join(words, " ")) : options.title;

  auto problems = with_models(cases_from_words(words), options.models);
  for (auto& problem : problems) problem = with_offload(problem, options);
  problems = with_ranks(std::move(problems), options.ranks);
  const int ranks = most_ranks(problems);
  plan.threads = options.threads_given ? options.settings.threads : std::max(1, options.settings.threads / ranks);
  if (ranks > 1) launcher_words(options.settings.launcher, ranks, plan.threads);  // refuses one that is not there
  const ProbeSettings settings{program_folder(), plan.threads, options.settings.device};
  const auto probes = probe_backends(options.backends, settings, problems.front().workload);
  plan.backends.assign(probes.begin(), probes.end());
  refuse_unusable(options.backends, plan.backends);
  if (options.backends.empty()) {
    leave_out_cpu_opencl(plan.backends, problems);
    for (const auto& name : backends_in(options.words)) {
      const auto found = std::ranges::find(plan.backends, name, &BackendRecord::name);
      const auto asked = found == plan.backends.end()
                             ? BackendRecord(probe_backends({name}, settings, problems.front().workload).front())
                             : *found;
      refuse_unusable({name}, {asked});
    }
  }
  std::vector<std::string> names;
  for (const auto& backend : plan.backends) {
    if (backend.usable() || backend.crashed || !options.backends.empty()) names.push_back(backend.name);
  }
  if (options.quick) problems = quick_subset(problems, names.size(), kQuickSeconds);
  plan.cases = cross(problems, names);
  if (!options.networks.empty()) {
    keep_needed_modes(plan.cases, options.networks, [&](const std::string& backend) {
      const auto found = std::ranges::find(plan.backends, backend, &BackendRecord::name);
      const bool known = found != plan.backends.end() && found->usable();
      return known ? static_cast<double>(found->device->cache_bytes) : 0;
    });
  }
  if (options.backends.empty()) {
    drop_unoffered(plan.cases, [&](const std::string& backend, const std::string& workload) {
      return probe_backend(settings, backend, workload).offers_nothing();
    });
  }
  if (plan.cases.empty()) throw CaseError("no case can run on these backends; see whygpu list");

  plan.short_run = options.quick || plan.sweep == "quick";
  plan.usual_budget_seconds =
      plan.short_run ? kQuickSeconds : std::max(kQuickSeconds, kBudgetPerCase * static_cast<double>(plan.cases.size()));
  return plan;
}

std::vector<std::string> excluded_backend_lines(const std::vector<BackendRecord>& backends) {
  std::vector<std::pair<std::string, std::vector<std::string>>> stopped;
  for (const auto& backend : backends) {
    if (backend.usable()) continue;
    auto found = std::ranges::find(stopped, backend.reason, [](const auto& entry) { return entry.first; });
    if (found == stopped.end()) found = stopped.insert(found, {backend.reason, {}});
    found->second.push_back(backend.name);
  }
  std::vector<std::string> lines;
  for (const auto& [reason, names] : stopped) {
    lines.push_back(
        fmt::format("{} {} left out: {}", fmt::join(names, ", "), names.size() == 1 ? "is" : "are", reason));
  }
  return lines;
}

}  // namespace whygpu
