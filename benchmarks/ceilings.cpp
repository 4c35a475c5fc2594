#include "benchmarks/ceilings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "benchmarks/rounds.h"
#include "benchmarks/sweep.h"

namespace whygpu {
namespace {

using nlohmann::json;

constexpr double kSampleSeconds = 0.03;
constexpr double kTrafficPerOperation = 64 << 20;  // of a small working set, so that starting threads does not count
constexpr double kLargestMemorySet = 2.0 * (1 << 30), kSmallestMemorySet = 64 << 20;
constexpr int kMillionsPerThread = 40;

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
double value_of(const CaseResult& result, const std::string& kind) {
  double best_ns = 0;
  for (const auto& round : result.rounds) {
    for (const double ns : round.at("samples_ns")) best_ns = best_ns == 0 ? ns : std::min(best_ns, ns);
  }
  const double seconds = 1e-9 * best_ns;
  return kind == "latency" ? seconds : (unit_of(kind, {}) == std::string_view("B/s") ? result.bytes : result.flops) / seconds;
}

std::string device_name(const RunState& results, std::string_view backend) {
  const auto found = results.backends().find(std::string(backend));
  return found == results.backends().end() ? "" : found->second.at("device").at("name").get<std::string>();
}

std::string how(const CaseResult& result, const std::string& kind) {
  return kind == "bandwidth" ? fmt::format("{}: {}", result.c["kernel"], result.implementation) : result.implementation;
}

}  // namespace

json to_json(const Ceiling& ceiling) {
  json object = {{"device", ceiling.device},
                 {"kind", ceiling.kind},
                 {"value", ceiling.value},
                 {"unit", ceiling.unit},
                 {"how", ceiling.how}};
  if (!ceiling.dtype.empty()) object["dtype"] = ceiling.dtype;
  if (!ceiling.level.empty()) object["level"] = ceiling.level;
  return object;
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
    const auto result =
        std::ranges::find(results.results(), ceiling_case.c.text(), [](const auto& r) { return r.c.text(); });
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
    const auto same = std::ranges::find_if(report.ceilings, [&](const Ceiling& other) {
      return other.device == ceiling.device && other.kind == ceiling.kind && other.dtype == ceiling.dtype &&
             other.level == ceiling.level;
    });
    if (same == report.ceilings.end()) {
      report.ceilings.push_back(std::move(ceiling));
    } else if (ceiling.value > same->value) {
      *same = std::move(ceiling);
    }
  }
  return report;
}

CeilingReport measure_ceilings(const std::vector<CeilingCase>& cases, const std::filesystem::path& worker_folder,
                               int threads, int device) {
  std::vector<Case> plain;
  for (const auto& ceiling_case : cases) plain.push_back(ceiling_case.c);
  RunState state(plain);
  RunSettings settings;
  settings.threads = threads;
  settings.device = device;
  settings.sample_seconds = kSampleSeconds;
  settings.rounds = 1;
  Rounds rounds(
      state, settings, worker_folder, [](const json&) {}, [](const Progress&) {});
  const std::atomic<bool> never = false;
  rounds.run(never);
  return best_ceilings(cases, state);
}

}  // namespace whygpu
