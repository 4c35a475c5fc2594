#include "benchmarks/runner/ceilings/ceilings.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>

#include "benchmarks/machine/environment.h"
#include "benchmarks/runner/probe.h"
#include "benchmarks/runner/rounds.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

constexpr double kSampleSeconds = 0.02;
constexpr double kSustainedSeconds = 1;
constexpr double kWholeProcessor = 0.93;  // of the CPU time available to the threads; coarse clock
constexpr double kStolenShare = 0.01;     // of all CPU time, taken by the hypervisor

const char* unit_of(CeilingKind kind, const std::string& dtype) {
  switch (kind) {
    case CeilingKind::flops: return dtype == "s8" ? "OP/s" : "FLOP/s";
    case CeilingKind::bandwidth:
    case CeilingKind::transfer: return "B/s";
    case CeilingKind::clock: return "Hz";
    default: return "s";
  }
}

// Of the best sample of all rounds.
double value_of(const CaseRecord& result, CeilingKind kind) {
  double best_ns = 0;
  for (const auto& round : result.rounds) {
    for (const double ns : round.samples_ns) best_ns = best_ns == 0 ? ns : std::min(best_ns, ns);
  }
  const double seconds = 1e-9 * best_ns;
  if (kind == CeilingKind::latency) return seconds;
  const bool moves_bytes = kind == CeilingKind::bandwidth || kind == CeilingKind::transfer;
  return (moves_bytes ? result.bytes : result.flops) / seconds;
}

std::string device_name(const RunState& results, std::string_view backend) {
  const auto found = results.backends().find(std::string(backend));
  return found == results.backends().end() ? "" : found->second.device->name;
}

std::string how(const CaseRecord& result, CeilingKind kind) {
  return kind == CeilingKind::bandwidth ? fmt::format("{}: {}", result.value("kernel"), result.implementation)
                                        : result.implementation;
}

std::vector<CeilingRecord>::iterator find_same(CeilingReport& report, const CeilingRecord& ceiling) {
  return std::ranges::find_if(report.ceilings, [&](const CeilingRecord& other) {
    return other.device == ceiling.device && other.kind == ceiling.kind && other.dtype == ceiling.dtype &&
           other.level == ceiling.level;
  });
}

bool better(const CeilingRecord& one, const CeilingRecord& other) {
  return one.kind == CeilingKind::latency ? one.value < other.value : one.value > other.value;
}

// In hertz, by device.
std::map<std::string, double> clocks_of(const CeilingReport& visit) {
  std::map<std::string, double> clocks;
  for (const auto& ceiling : visit.ceilings) {
    if (ceiling.kind == CeilingKind::clock) clocks[ceiling.device] = ceiling.value;
  }
  return clocks;
}

}  // namespace

double sustained_rate(const CaseRecord& result) {
  std::vector<double> samples;
  for (const auto& round : result.rounds)
    samples.insert(samples.end(), round.samples_ns.begin(), round.samples_ns.end());
  const double total = std::accumulate(samples.begin(), samples.end(), 0.0);
  double before = 0;
  std::size_t first = 0;
  while (first < samples.size() && before < total / 2) before += samples[first++];
  samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(std::min(first, samples.size() - 1)));
  return samples.empty() ? 0 : result.flops / (1e-9 * median(samples));
}

CeilingReport best_ceilings(const std::vector<CeilingCase>& cases, const RunState& results) {
  CeilingReport report;
  for (const auto& ceiling_case : cases) {
    const auto result = std::ranges::find(results.results(), ceiling_case.c.text(), &CaseRecord::text);
    if (result->status != Status::ok || result->rounds.empty()) {
      const std::string what = ceiling_case.kind == CeilingKind::flops
                                   ? ceiling_case.dtype
                                   : fmt::format("{} {}", ceiling_case.level, name_of(ceiling_case.kind));
      report.missing.push_back(fmt::format("{} ({}): {}", what, ceiling_case.c["backend"],
                                           result->reason.empty() ? "not measured" : result->reason));
      continue;
    }
    CeilingRecord ceiling{device_name(results, ceiling_case.c["backend"]),
                          ceiling_case.kind,
                          ceiling_case.dtype,
                          ceiling_case.level,
                          value_of(*result, ceiling_case.kind),
                          unit_of(ceiling_case.kind, ceiling_case.dtype),
                          how(*result, ceiling_case.kind),
                          1,
                          1};
    const auto same = find_same(report, ceiling);
    if (same == report.ceilings.end()) {
      report.ceilings.push_back(std::move(ceiling));
    } else if (better(ceiling, *same)) {
      *same = std::move(ceiling);
    }
  }
  return report;
}

CeilingReport best_of_visits(const std::vector<CeilingReport>& visits) {
  std::map<std::string, double> clocks;  // the highest of each device
  for (const auto& visit : visits) {
    for (const auto& [device, hertz] : clocks_of(visit)) clocks[device] = std::max(clocks[device], hertz);
  }
  CeilingReport best;
  for (const auto& visit : visits) {
    const auto own = clocks_of(visit);
    for (CeilingRecord ceiling : visit.ceilings) {
      const auto clock = own.find(ceiling.device);
      if (clock != own.end() && clock->second < kSteadyClock * clocks[ceiling.device]) ceiling.undisturbed = 0;
      const auto same = find_same(best, ceiling);
      if (same == best.ceilings.end()) {
        best.ceilings.push_back(std::move(ceiling));
        continue;
      }
      ceiling.visits += same->visits;
      ceiling.undisturbed = *ceiling.undisturbed + *same->undisturbed;
      if (same->sustained) ceiling.sustained = std::max(ceiling.sustained.value_or(0), *same->sustained);
      if (!better(ceiling, *same)) {
        ceiling.value = same->value;
        ceiling.how = same->how;
      }
      *same = std::move(ceiling);
    }
    for (const auto& line : visit.missing) {
      if (std::ranges::find(best.missing, line) == best.missing.end()) best.missing.push_back(line);
    }
  }
  return best;
}

bool was_shared(const RunState& results, int threads) {
  double cpu = 0, wall = 0;
  for (const auto& result : results.results()) {
    if (result.workload != "peak" || result.backend != "host") continue;
    for (const auto& round : result.rounds) {
      const auto batch = static_cast<double>(round.batch);
      cpu += batch * static_cast<double>(round.samples_ns.size()) * round.cpu_ns;
      wall += batch * std::accumulate(round.samples_ns.begin(), round.samples_ns.end(), 0.0);
    }
  }
  return cpu < kWholeProcessor * threads * wall;
}

CeilingVisits::CeilingVisits(std::vector<CeilingCase> cases, std::filesystem::path worker_folder, int threads,
                             int device)
    : cases_(std::move(cases)), worker_folder_(std::move(worker_folder)), threads_(threads), device_(device) {}

void CeilingVisits::visit(std::string_view workload) {
  auto cases = cases_;
  if (!workload.empty()) std::erase_if(cases, [&](const CeilingCase& c) { return c.c.workload != workload; });
  run(cases, kSampleSeconds, [](CeilingReport&, const RunState&) {});
}

void CeilingVisits::sustain(std::string_view backend) {
  auto cases = cases_;
  std::erase_if(cases, [&](const CeilingCase& c) {
    return c.kind != CeilingKind::flops || (!backend.empty() && c.c["backend"] != backend);
  });
  if (cases.empty()) return;
  run(cases, kSustainedSeconds, [&](CeilingReport& report, const RunState& state) {
    report.missing.clear();  // an ordinary visit has told the reasons
    for (auto& ceiling : report.ceilings) {
      const auto is_its = [&](const CeilingCase& c) {
        return c.dtype == ceiling.dtype && device_name(state, c.c["backend"]) == ceiling.device;
      };
      const auto found = std::ranges::find_if(cases, is_its);
      const auto result = std::ranges::find(state.results(), found->c.text(), &CaseRecord::text);
      ceiling.sustained = sustained_rate(*result);
    }
  });
}

void CeilingVisits::run(const std::vector<CeilingCase>& cases, double sample_seconds,
                        const std::function<void(CeilingReport&, const RunState&)>& annotate) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<Case> plain;
  for (const auto& ceiling_case : cases) plain.push_back(ceiling_case.c);
  RunState state(plain);
  RunSettings settings;
  settings.threads = threads_;
  settings.device = device_;
  settings.sample_seconds = sample_seconds;
  settings.rounds = 1;
  Rounds rounds(
      state, settings, worker_folder_, [](const WorkerRecord&) {}, [](const Progress&) {});
  const auto before = cpu_ticks();
  const std::atomic<bool> never = false;
  rounds.run(never);
  const auto after = cpu_ticks();
  const bool stolen = after.steal - before.steal > kStolenShare * (after.total - before.total);
  CeilingReport report = best_ceilings(cases, state);
  if (stolen || was_shared(state, threads_)) {
    const std::string processor = device_name(state, "host");
    for (auto& ceiling : report.ceilings) ceiling.undisturbed = ceiling.device == processor ? 0 : 1;
  }
  annotate(report, state);
  visits_.push_back(std::move(report));
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int CeilingVisits::measure(int undisturbed, int most) {
  for (int count = 1; count <= most; ++count) {
    visit();
    const auto best = this->best();
    if (std::ranges::all_of(best.ceilings, [&](const CeilingRecord& c) { return c.undisturbed >= undisturbed; }))
      return count;
  }
  return most;
}

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
  visits.sustain();
  return visits.best();
}

}  // namespace whygpu
