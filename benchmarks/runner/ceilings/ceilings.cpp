#include "benchmarks/runner/ceilings/ceilings.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>

#include "benchmarks/cases/sweep.h"
#include "benchmarks/runner/rounds.h"

namespace whygpu {
namespace {

using nlohmann::json;

constexpr double kSampleSeconds = 0.02;
constexpr double kTrafficPerOperation = 64 << 20;  // of a small working set, so that starting threads does not count
constexpr double kLargestMemorySet = 2.0 * (1 << 30), kSmallestMemorySet = 64 << 20;
constexpr int kMillionsPerThread = 40;
constexpr double kWholeProcessor = 0.93;  // of the CPU time that the threads could have had; its clock ticks coarsely
constexpr double kStolenShare = 0.01;     // of all CPU time, by the hypervisor

CeilingCase make(const std::string& line, std::string kind, std::string dtype, std::string level) {
  return {parse_case(line), std::move(kind), std::move(dtype), std::move(level)};
}

// The part of level `cache` that `threads` threads can have, in bytes.
double share(const Cache& cache, int threads) {
  const int instances = (threads + cache.sharing - 1) / std::max(1, cache.sharing);
  return static_cast<double>(cache.bytes) * instances;
}

void add_level(std::vector<CeilingCase>& cases, const std::string& level, double bytes, bool memory) {
  const auto whole = static_cast<std::int64_t>(bytes);
  const auto passes = memory ? 1 : std::max<std::int64_t>(1, static_cast<std::int64_t>(kTrafficPerOperation / bytes));
  for (const char* kernel : {"sum", "triad", "copy"}) {
    cases.push_back(make(fmt::format("memory kernel={} bytes={} passes={} backend=host", kernel, whole, passes),
                         "bandwidth", "", level));
  }
}

const char* unit_of(const std::string& kind, const std::string& dtype) {
  if (kind == "flops") return dtype == "s8" ? "OP/s" : "FLOP/s";
  return kind == "bandwidth" || kind == "transfer" ? "B/s" : kind == "clock" ? "Hz" : "s";
}

// Of the best sample of all rounds.
double value_of(const CaseRecord& result, const std::string& kind) {
  double best_ns = 0;
  for (const auto& round : result.rounds) {
    for (const double ns : round.samples_ns) best_ns = best_ns == 0 ? ns : std::min(best_ns, ns);
  }
  const double seconds = 1e-9 * best_ns;
  return kind == "latency" ? seconds
                           : (unit_of(kind, {}) == std::string_view("B/s") ? result.bytes : result.flops) / seconds;
}

std::string device_name(const RunState& results, std::string_view backend) {
  const auto found = results.backends().find(std::string(backend));
  return found == results.backends().end() ? "" : found->second.device->name;
}

std::string how(const CaseRecord& result, const std::string& kind) {
  return kind == "bandwidth" ? fmt::format("{}: {}", result.value("kernel"), result.implementation)
                             : result.implementation;
}

std::vector<Ceiling>::iterator find_same(CeilingReport& report, const Ceiling& ceiling) {
  return std::ranges::find_if(report.ceilings, [&](const Ceiling& other) {
    return other.device == ceiling.device && other.kind == ceiling.kind && other.dtype == ceiling.dtype &&
           other.level == ceiling.level;
  });
}

bool better(const Ceiling& one, const Ceiling& other) {
  return one.kind == "latency" ? one.value < other.value : one.value > other.value;
}

// In hertz, by device.
std::map<std::string, double> clocks_of(const CeilingReport& visit) {
  std::map<std::string, double> clocks;
  for (const auto& ceiling : visit.ceilings) {
    if (ceiling.kind == "clock") clocks[ceiling.device] = ceiling.value;
  }
  return clocks;
}

}  // namespace

json to_json(const Ceiling& ceiling) {
  json object = {{"device", ceiling.device},
                 {"kind", ceiling.kind},
                 {"value", ceiling.value},
                 {"unit", ceiling.unit},
                 {"how", ceiling.how},
                 {"visits", ceiling.visits},
                 {"undisturbed", ceiling.undisturbed}};
  if (!ceiling.dtype.empty()) object["dtype"] = ceiling.dtype;
  if (!ceiling.level.empty()) object["level"] = ceiling.level;
  return object;
}

Ceiling ceiling_from_json(const json& object) {
  return {object.at("device"),       object.at("kind"),         object.value("dtype", ""),
          object.value("level", ""), object.at("value"),        object.at("unit"),
          object.at("how"),          object.value("visits", 1), object.value("undisturbed", 1)};
}

std::vector<std::string> ceiling_dtypes() { return {"f64", "f32", "tf32", "f16", "bf16", "f8e4m3", "s8"}; }

std::vector<CeilingCase> host_ceiling_cases(const std::vector<std::string>& dtypes, int threads,
                                            const std::vector<Cache>& caches) {
  std::vector<CeilingCase> cases;
  cases.push_back(make("peak measure=clock millions=1 backend=host", "clock", "", ""));
  for (const auto& dtype : dtypes) {
    cases.push_back(make(fmt::format("peak dtype={} millions={} backend=host", dtype, kMillionsPerThread * threads),
                         "flops", dtype, ""));
  }
  double last = 0;
  for (const Cache& cache : caches) {
    if (cache.type == "Instruction") continue;
    add_level(cases, fmt::format("L{}", cache.level), share(cache, threads) / 2, false);
    last = std::max(last, share(cache, threads));
  }
  add_level(cases, "memory", std::clamp(4 * last, kSmallestMemorySet, kLargestMemorySet), true);
  return cases;
}

std::vector<CeilingCase> cuda_ceiling_cases(const std::vector<std::string>& dtypes) {
  std::vector<CeilingCase> cases;
  cases.push_back(make("peak measure=clock millions=10 backend=cuda", "clock", "", ""));
  for (const auto& dtype : dtypes) {
    const int millions = dtype == "f64" || dtype == "f32" ? 50'000 : 500'000;
    cases.push_back(make(fmt::format("peak dtype={} millions={} backend=cuda", dtype, millions), "flops", dtype, ""));
  }
  for (const char* kernel : {"copy", "triad", "sum"}) {
    cases.push_back(
        make(fmt::format("memory kernel={} bytes={} backend=cuda", kernel, 1 << 30), "bandwidth", "", "memory"));
  }
  for (const char* way : {"to_device", "to_host", "both_ways"}) {
    cases.push_back(make(fmt::format("memory kernel={} bytes={} backend=cuda", way, 64 << 20), "transfer", "", way));
  }
  cases.push_back(make("memory kernel=launch backend=cuda", "latency", "", "launch"));
  cases.push_back(make("memory kernel=launch replay=graph backend=cuda", "latency", "", "replay"));
  return cases;
}

CeilingReport best_ceilings(const std::vector<CeilingCase>& cases, const RunState& results) {
  CeilingReport report;
  for (const auto& ceiling_case : cases) {
    const auto result = std::ranges::find(results.results(), ceiling_case.c.text(), &CaseRecord::text);
    if (result->status != Status::ok || result->rounds.empty()) {
      const std::string what =
          ceiling_case.kind == "flops" ? ceiling_case.dtype : ceiling_case.level + " " + ceiling_case.kind;
      report.missing.push_back(fmt::format("{} ({}): {}", what, ceiling_case.c["backend"],
                                           result->reason.empty() ? "not measured" : result->reason));
      continue;
    }
    Ceiling ceiling{device_name(results, ceiling_case.c["backend"]),
                    ceiling_case.kind,
                    ceiling_case.dtype,
                    ceiling_case.level,
                    value_of(*result, ceiling_case.kind),
                    unit_of(ceiling_case.kind, ceiling_case.dtype),
                    how(*result, ceiling_case.kind)};
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
    for (Ceiling ceiling : visit.ceilings) {
      const auto clock = own.find(ceiling.device);
      if (clock != own.end() && clock->second < kSteadyClock * clocks[ceiling.device]) ceiling.undisturbed = 0;
      const auto same = find_same(best, ceiling);
      if (same == best.ceilings.end()) {
        best.ceilings.push_back(std::move(ceiling));
        continue;
      }
      ceiling.visits += same->visits;
      ceiling.undisturbed += same->undisturbed;
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
  const auto start = std::chrono::steady_clock::now();
  auto cases = cases_;
  if (!workload.empty()) std::erase_if(cases, [&](const CeilingCase& c) { return c.c.workload != workload; });
  std::vector<Case> plain;
  for (const auto& ceiling_case : cases) plain.push_back(ceiling_case.c);
  RunState state(plain);
  RunSettings settings;
  settings.threads = threads_;
  settings.device = device_;
  settings.sample_seconds = kSampleSeconds;
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
  visits_.push_back(std::move(report));
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void CeilingVisits::measure(int undisturbed, int most) {
  for (int count = 0; count < most; ++count) {
    visit();
    const auto best = this->best();
    if (std::ranges::all_of(best.ceilings, [&](const Ceiling& c) { return c.undisturbed >= undisturbed; })) return;
  }
}

}  // namespace whygpu
