#include "benchmarks/runner/select_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "benchmarks/cases/sweep.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

// Cost of one case in one worker without its verification: startup, warm-up and 50 ms of samples.
constexpr double kSecondsPerVisit = 0.12;
constexpr int kRounds = 6;
constexpr std::size_t kFewestProblems = 6;
// Problems that take a larger share of a backend's time are excluded, since each would displace many others.
constexpr double kLargestShare = 0.1;

double guessed_seconds(const Case& c) { return kSecondsPerVisit + find_workload(c.workload).verify_seconds(c); }

bool is_assignment(const std::string& word) {
  return word.find('=') != std::string::npos && word.find(' ') == std::string::npos &&
         word.find('/') == std::string::npos;
}

// The name of a workload alone is not a case, unless a sweep has that name too.
void refuse_bare_workload(const std::string& word) {
  const auto sweeps = shipped_sweeps();
  std::error_code ignored;
  if (std::ranges::find(sweeps, word) != sweeps.end() || std::filesystem::is_regular_file(word, ignored)) return;
  for (const Workload* workload : workloads()) {
    if (workload->name() != word) continue;
    throw CaseError(fmt::format("\"{}\" is a workload and needs values: `whygpu run {}`; sweeps: {}", word,
                                workload->probe(), fmt::join(sweeps, ", ")));
  }
}

}  // namespace

std::vector<Case> cases_from_words(const std::vector<std::string>& words) {
  std::vector<Case> cases;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < words.size();) {
    std::string line = words[i++];
    const bool more = i < words.size() && is_assignment(words[i]);
    while (i < words.size() && is_assignment(words[i])) line += " " + words[i++];
    refuse_bare_workload(more ? "" : line);
    const bool is_case = more || line.find('=') != std::string::npos;
    auto more_cases = is_case ? parse_cases(line) : load_sweep(line);
    if (more_cases.empty()) throw CaseError(fmt::format("\"{}\" contains no case", line));
    for (auto& c : more_cases) {
      if (seen.insert(c.text()).second) cases.push_back(std::move(c));
    }
  }
  return cases;
}

std::vector<Case> cross(const std::vector<Case>& cases, const std::vector<std::string>& backends) {
  std::vector<Case> crossed;
  for (const auto& c : cases) {
    for (const auto& backend : backends) {
      if (c["backend"].empty() || c["backend"] == backend) crossed.push_back(c.with("backend", backend));
    }
  }
  return crossed;
}

std::vector<Case> with_models(std::vector<Case> cases, const std::vector<std::string>& models) {
  if (models.empty()) return cases;
  std::set<std::string> present;
  std::erase_if(cases, [&](const Case& c) {
    const auto model = std::ranges::find(c.values, "model", [](const auto& value) { return value.first; });
    if (model == c.values.end()) return true;
    present.insert(model->second);
    return std::ranges::find(models, model->second) == models.end();
  });
  if (cases.empty()) {
    std::string names;
    for (const auto& name : present) names += (names.empty() ? "" : ", ") + name;
    throw CaseError("--models: no case of the sweep uses such a network; " +
                    (names.empty() ? "it uses none: try whygpu run training" : "it uses " + names));
  }
  return cases;
}

std::vector<Case> quick_subset(const std::vector<Case>& cases, std::size_t backends, double seconds) {
  const double share = seconds / static_cast<double>(std::max<std::size_t>(backends, 1));
  std::vector<Case> affordable = cases;
  std::erase_if(affordable, [share](const Case& c) { return guessed_seconds(c) > share * kLargestShare; });
  const auto& problems = affordable.size() < kFewestProblems ? cases : affordable;

  const auto most = static_cast<std::size_t>(share / kSecondsPerVisit / kRounds);
  for (std::size_t count = std::min(most, problems.size()); count > kFewestProblems; --count) {
    auto chosen = spread_out(problems, count);
    double first_round = 0;
    for (const auto& c : chosen) first_round += guessed_seconds(c);
    if (first_round <= share / 2) return chosen;
  }
  return spread_out(problems, kFewestProblems);
}

void drop_unoffered(
    std::vector<Case>& cases,
    const std::function<bool(const std::string& backend, const std::string& workload)>& offers_nothing) {
  std::map<std::pair<std::string, std::string>, bool> unoffered;
  std::erase_if(cases, [&](const Case& c) {
    const std::string backend(c["backend"]);
    const auto [found, inserted] = unoffered.try_emplace({backend, c.workload});
    if (inserted) found->second = offers_nothing(backend, c.workload);
    return found->second;
  });
}

void keep_needed_modes(std::vector<Case>& cases, const std::vector<NetworkRecord>& networks,
                       const std::function<double(const std::string& backend)>& cache_bytes) {
  std::map<std::string, std::set<std::string>> needed;  // by backend
  std::erase_if(cases, [&](const Case& c) {
    const auto [found, inserted] = needed.try_emplace(std::string(c["backend"]));
    if (inserted) {
      const double cache = cache_bytes(found->first);
      for (const auto& network : networks) {
        const bool cold = runs_cold(network, cache);
        for (const auto& node : network.nodes) {
          for (const auto& work : node.work) found->second.insert(cold ? cold_problem(work.problem) : work.problem);
        }
      }
    }
    return !found->second.contains(c.problem());
  });
}

}  // namespace whygpu
