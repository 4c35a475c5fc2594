#include "benchmarks/runner/ceilings/ceiling_cases.h"

#include <fmt/format.h>

#include <algorithm>

namespace whygpu {
namespace {

constexpr double kTrafficPerOperation = 64 << 20;  // of a small working set, so that thread startup is negligible
constexpr double kLargestMemorySet = 2.0 * (1 << 30), kSmallestMemorySet = 64 << 20;
constexpr int kMillionsPerThread = 40;

CeilingCase make(const std::string& line, CeilingKind kind, std::string dtype = {}, std::string level = {}) {
  return {parse_case(line), kind, std::move(dtype), std::move(level)};
}

// Bytes of cache level `cache` available to `threads` threads.
double share(const CacheRecord& cache, int threads) {
  const int instances = (threads + cache.sharing - 1) / std::max(1, cache.sharing);
  return static_cast<double>(cache.bytes) * instances;
}

void add_level(std::vector<CeilingCase>& cases, const std::string& level, double bytes, bool memory) {
  const auto whole = static_cast<std::int64_t>(bytes);
  const auto passes = memory ? 1 : std::max<std::int64_t>(1, static_cast<std::int64_t>(kTrafficPerOperation / bytes));
  for (const char* kernel : {"sum", "triad", "copy"}) {
    cases.push_back(make(fmt::format("memory kernel={} bytes={} passes={} backend=host", kernel, whole, passes),
                         CeilingKind::bandwidth, "", level));
  }
}

}  // namespace

std::vector<std::string> ceiling_dtypes() { return {"f64", "f32", "tf32", "f16", "bf16", "f8e4m3", "s8"}; }

std::vector<CeilingCase> host_ceiling_cases(const std::vector<std::string>& dtypes, int threads,
                                            const std::vector<CacheRecord>& caches) {
  std::vector<CeilingCase> cases;
  cases.push_back(make("peak measure=clock millions=1 backend=host", CeilingKind::clock));
  for (const auto& dtype : dtypes) {
    cases.push_back(make(fmt::format("peak dtype={} millions={} backend=host", dtype, kMillionsPerThread * threads),
                         CeilingKind::flops, dtype));
  }
  double last = 0;
  for (const CacheRecord& cache : caches) {
    if (cache.type == "Instruction") continue;
    add_level(cases, fmt::format("L{}", cache.level), share(cache, threads) / 2, false);
    last = std::max(last, share(cache, threads));
  }
  add_level(cases, "memory", std::clamp(4 * last, kSmallestMemorySet, kLargestMemorySet), true);
  return cases;
}

std::vector<CeilingCase> cuda_ceiling_cases(const std::vector<std::string>& dtypes) {
  std::vector<CeilingCase> cases;
  cases.push_back(make("peak measure=clock millions=10 backend=cuda", CeilingKind::clock));
  for (const auto& dtype : dtypes) {
    const int millions = dtype == "f64" || dtype == "f32" ? 50'000 : 500'000;
    cases.push_back(
        make(fmt::format("peak dtype={} millions={} backend=cuda", dtype, millions), CeilingKind::flops, dtype));
  }
  for (const char* kernel : {"copy", "triad", "sum"}) {
    cases.push_back(make(fmt::format("memory kernel={} bytes={} backend=cuda", kernel, 1 << 30), CeilingKind::bandwidth,
                         "", "memory"));
  }
  for (const char* way : {"to_device", "to_host", "both_ways"}) {
    cases.push_back(
        make(fmt::format("memory kernel={} bytes={} backend=cuda", way, 64 << 20), CeilingKind::transfer, "", way));
  }
  cases.push_back(make("memory kernel=launch backend=cuda", CeilingKind::latency, "", "launch"));
  cases.push_back(make("memory kernel=launch replay=graph backend=cuda", CeilingKind::latency, "", "replay"));
  return cases;
}

}  // namespace whygpu
