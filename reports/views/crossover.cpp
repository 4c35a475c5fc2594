#include "reports/views/crossover.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "reports/render/text.h"
#include "reports/results/problems.h"

namespace whygpu {
namespace {

std::optional<Estimate> cost(const ResultFile& file, const CaseRecord& record, Resource resource) {
  switch (resource) {
    case Resource::latency: return latency_ns(file, record);
    case Resource::energy: return joules_per_operation(record);
    default: return time_ns(record);
  }
}

std::string solver_name(const CaseRecord& record) {
  return record.variant().empty() ? record.backend : record.backend + ":" + record.variant();
}

// The cases of a file by problem, CPU cases and others apart.
struct Solved {
  const ResultFile& file;
  std::unordered_map<std::string, std::vector<const CaseRecord*>> by_cpu, by_other;

  Solved(const ResultFile& results, CpuOpenCl cpu_opencl) : file(results) {
    for (const auto& record : file.cases) {
      if (cpu_opencl == CpuOpenCl::left_out && file.ran_on_cpu_opencl(record)) continue;
      (file.ran_on_cpu(record) ? by_cpu : by_other)[problem_key(record)].push_back(&record);
    }
  }

  // The cheapest CPU case of a problem; null when no case has the cost.
  const CaseRecord* best_cpu(const std::string& key, Resource resource) const {
    const CaseRecord* best = nullptr;
    const auto found = by_cpu.find(key);
    if (found == by_cpu.end()) return nullptr;
    for (const auto* record : found->second) {
      if (record->status != Status::ok) continue;
      const auto spent = cost(file, *record, resource);
      if (spent && (!best || spent->value < cost(file, *best, resource)->value)) best = record;
    }
    return best;
  }

  // (candidate, data path) pairs with any problem of the family, in file order.
  std::vector<std::pair<std::string, DataPath>> candidates(const Family& family) const {
    std::vector<std::pair<std::string, DataPath>> result;
    for (const auto& problem : family.problems) {
      const auto found = by_other.find(problem.key);
      if (found == by_other.end()) continue;
      for (const auto* record : found->second) {
        const std::pair candidate{solver_name(*record), data_path_of(*record)};
        if (std::find(result.begin(), result.end(), candidate) == result.end()) result.push_back(candidate);
      }
    }
    return result;
  }

  const CaseRecord* candidate_case(const std::string& key, const std::string& name, const DataPath& path) const {
    const auto found = by_other.find(key);
    if (found == by_other.end()) return nullptr;
    for (const auto* record : found->second) {
      if (solver_name(*record) == name && data_path_of(*record) == path) return record;
    }
    return nullptr;
  }
};

// Dollars of CPU over dollars of the other machine, by the same kind of price; nullopt when one is unknown.
std::optional<Estimate> dollar_factor(const ResultFile& file, const CaseRecord& cpu, const CaseRecord& other,
                                      const PriceList& prices) {
  const auto* cpu_device = file.device_of(cpu);
  const auto* device = file.device_of(other);
  if (!cpu_device || !device) return std::nullopt;
  Prices of_cpu = prices.of(cpu_device->name), of_other = prices.of(device->name);
  if (!of_cpu.hourly || !of_other.hourly) {
    of_cpu.hourly = of_other.hourly = std::nullopt;
    if (!of_cpu.device || !of_other.device) return std::nullopt;
    *of_other.device += *of_cpu.device;
  }
  if (!joules_per_operation(cpu) || !joules_per_operation(other)) of_cpu.kwh = of_other.kwh = std::nullopt;
  return ratio(*dollars_per_operation(cpu, of_cpu), *dollars_per_operation(other, of_other));
}

std::string gap_at(double size, const std::string& name, const CaseRecord& record) {
  return fmt::format("at {}: {} {}: {}", format_size(size), name, name_of(record.status), record.reason);
}

Contest contest_of(const ResultFile& file, const Solved& solved, const Family& family, const std::string& candidate,
                   const DataPath& path, Resource resource, const PriceList& prices) {
  Contest contest{family, candidate, "", path, resource, {}, {}, {}};
  for (const auto& problem : family.problems) {
    const auto* other = solved.candidate_case(problem.key, candidate, path);
    if (!other) continue;
    if (const auto* device = file.device_of(*other)) contest.device = device->name;
    if (other->status != Status::ok) {
      contest.gaps.push_back(gap_at(problem.size, candidate, *other));
      continue;
    }
    const auto* cpu = solved.best_cpu(problem.key, resource);
    if (!cpu) {
      contest.gaps.push_back(fmt::format("at {}: no CPU result", format_size(problem.size)));
      continue;
    }
    const auto spent = cost(file, *other, resource);
    if (!spent) continue;
    const auto factor = resource == Resource::money ? dollar_factor(file, *cpu, *other, prices)
                                                    : std::optional(ratio(*cost(file, *cpu, resource), *spent));
    if (factor) contest.points.push_back({problem.size, problem.problem, *factor, solver_name(*cpu)});
  }
  return contest;
}

bool ahead(const Estimate& factor) { return factor.low() > 1; }
bool behind(const Estimate& factor) { return factor.high() < 1; }

}  // namespace

std::string_view resource_name(Resource resource) {
  constexpr std::string_view names[] = {"time", "latency", "energy", "money"};
  return names[static_cast<std::size_t>(resource)];
}

Crossover find_crossover(const std::vector<Advantage>& points) {
  Crossover result;
  std::size_t first = points.size();
  while (first > 0 && ahead(points[first - 1].factor)) --first;
  if (first < points.size()) result.from = points[first].size;
  for (std::size_t i = 0; i < points.size(); ++i) {
    result.has_band = result.has_band && points[i].factor.spread;
    if (i >= first) continue;
    if (behind(points[i].factor)) result.last_behind = points[i].size;
    if (ahead(points[i].factor)) result.isolated_wins.push_back(points[i].size);
  }
  if (first == 0) {
    result.kind = CrossoverKind::always;
  } else if (result.from) {
    result.kind = CrossoverKind::between;
  } else {
    result.kind = behind(points.back().factor) ? CrossoverKind::never : CrossoverKind::undecided;
  }
  return result;
}

std::vector<Contest> contests(const ResultFile& file, const PriceList& prices, CpuOpenCl cpu_opencl) {
  const Solved solved(file, cpu_opencl);
  std::vector<Contest> result;
  if (file.imported || solved.by_other.empty()) return result;
  for (const auto& family : families_of(file)) {
    for (const auto& [candidate, path] : solved.candidates(family)) {
      for (auto resource : {Resource::time, Resource::latency, Resource::energy, Resource::money}) {
        auto contest = contest_of(file, solved, family, candidate, path, resource, prices);
        if (contest.points.empty()) continue;
        contest.crossover = find_crossover(contest.points);
        result.push_back(std::move(contest));
      }
    }
  }
  return result;
}

std::string describe(const Contest& contest) {
  const auto& crossover = contest.crossover;
  const auto largest = format_size(contest.points.back().size);
  switch (crossover.kind) {
    case CrossoverKind::always: return fmt::format("always, from {} on", format_size(contest.points.front().size));
    case CrossoverKind::never: return fmt::format("never up to {}", largest);
    case CrossoverKind::undecided: return fmt::format("undecided: within the spread at {}", largest);
    case CrossoverKind::between: break;
  }
  const auto from = format_size(*crossover.from);
  if (!crossover.last_behind) return fmt::format("at or below {}", from);
  return fmt::format("between {} and {}", format_size(*crossover.last_behind), from);
}

std::vector<Payback> paybacks(const ResultFile& file, CpuOpenCl cpu_opencl) {
  const Solved solved(file, cpu_opencl);
  std::vector<Payback> result;
  if (file.imported || solved.by_other.empty()) return result;
  for (const auto& family : families_of(file)) {
    for (const auto& [candidate, path] : solved.candidates(family)) {
      if (path.offload != Offload::always) continue;
      for (const auto& problem : family.problems) {
        const auto* travelling = solved.candidate_case(problem.key, candidate, path);
        const auto* resident = solved.candidate_case(problem.key, candidate, {"kernel", Offload::kernel});
        const auto* cpu = solved.best_cpu(problem.key, Resource::time);
        if (!travelling || !resident || !cpu) continue;
        const auto with_upload = time_ns(*travelling), without = time_ns(*resident);
        if (!with_upload || !without) continue;
        const double saved_per_use = time_ns(*cpu)->value - without->value;
        const double upload = std::max(0.0, with_upload->value - without->value);
        Payback payback{family, candidate, problem.size, problem.problem, std::nullopt};
        if (saved_per_use > 0) payback.reuses = std::max(1.0, std::ceil(upload / saved_per_use));
        result.push_back(std::move(payback));
      }
    }
  }
  return result;
}

}  // namespace whygpu
