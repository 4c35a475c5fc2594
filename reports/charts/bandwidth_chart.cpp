#include "reports/charts/bandwidth_chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/render/text.h"

namespace whygpu {
namespace {

using Json = nlohmann::ordered_json;

struct Level {
  std::string name;  // L1, as of ceilings
  double bytes;      // of all caches of the level that the threads of the run can use
};

std::string binary_size(double bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
  return format_number(bytes) + " " + units[unit];
}

std::vector<Level> cpu_levels(const ResultFile& file) {
  std::vector<Level> levels;
  for (const auto& cache : file.environment.caches.empty() ? file.context.caches : file.environment.caches) {
    if (cache.type == "Instruction" || cache.bytes == 0) continue;
    const int sharing = std::max(cache.sharing, 1);
    const int caches = (std::max(file.run.threads, 1) + sharing - 1) / sharing;
    levels.push_back({fmt::format("L{}", cache.level), static_cast<double>(cache.bytes) * caches});
  }
  std::ranges::sort(levels, {}, &Level::bytes);
  return levels;
}

// The capacities of the caches of the devices in a pick.
class CacheMarks {
 public:
  void add(const ChartFiles::Entry& entry, const CaseRecord& record) {
    const auto* device = entry.file.device_of(record);
    if (device == nullptr) return;
    const auto marks = entry.file.ran_on_cpu(record)
                           ? cpu_levels(entry.file)
                           : std::vector<Level>{{"cache of " + device->name, static_cast<double>(device->cache_bytes)}};
    for (const auto& level : marks) {
      if (level.bytes > 0 && std::ranges::find(levels_, level.name, &Level::name) == levels_.end())
        levels_.push_back(level);
    }
  }

  Json marks() const {
    Json marks = Json::array();
    for (const auto& level : levels_) {
      marks.push_back({{"x", level.bytes}, {"label", level.name + " " + binary_size(level.bytes)}});
    }
    return marks;
  }

  // Where the level of a ceiling serves: above the level below it, up to its own capacity.
  void limit(Json& rule, const std::string& level) const {
    double below = 0;
    bool known = false;
    for (const auto& cache : levels_) {
      if (!cache.name.starts_with("L")) continue;
      known = true;
      if (cache.name == level) rule["x1"] = cache.bytes;
      if (level == "memory" || cache.name < level) below = std::max(below, cache.bytes);
    }
    if (known && below > 0) rule["x0"] = below;
  }

 private:
  std::vector<Level> levels_;
};

bool is_ceiling_of(const CeilingRecord& ceiling, const std::string& kernel) {
  if (ceiling.kind == CeilingKind::transfer) return ceiling.level == kernel;
  const bool transfer = kernel.starts_with("to_") || kernel == "both_ways";
  return ceiling.kind == CeilingKind::bandwidth && !transfer;
}

}  // namespace

Json bandwidth_picks(const ChartFiles& files, std::span<const Family> families, SeriesNumbers& numbers) {
  struct Measured {
    const ChartFiles::Entry& entry;
    const CaseRecord& record;
    Estimate rate;
  };
  std::map<std::string, std::vector<Measured>> by_problem;
  for (const auto& entry : files.entries()) {
    for (const auto& record : entry.file.cases) {
      const bool counted = record.flops > 0 && record.workload != kMemory;
      const auto rate = counted ? std::nullopt : gigabytes_per_second(record);
      if (rate) by_problem[problem_key(record)].push_back({entry, record, *rate});
    }
  }
  Json picks = Json::array();
  for (const auto& family : families) {
    ChartSeries series(numbers);
    Ceilings ceilings;
    CacheMarks caches;
    Json points = Json::array();
    std::string kernel;
    for (const auto& problem : family.problems) {
      for (const auto& [entry, record, rate] : by_problem[problem.key]) {
        const auto name = series_name(files, entry, record);
        points.push_back(point(series.index(name), record.set_bytes > 0 ? record.set_bytes : problem.size, rate,
                               record.settled, tip_of(name, rate, "GB/s", record), record.problem));
        kernel = record.value("kernel");
        ceilings.add_device(entry, record);
        caches.add(entry, record);
      }
    }
    if (points.empty()) continue;
    Json rules = ceilings.rules([&](const CeilingRecord& ceiling) { return is_ceiling_of(ceiling, kernel); });
    for (auto& rule : rules) caches.limit(rule, rule["level"].get<std::string>());
    picks.push_back({{"label", label_of(family)},
                     {"x_title", "footprint"},
                     {"y_title", "GB/s"},
                     {"x_format", "bytes"},
                     {"connected", true},
                     {"series", series.legend()},
                     {"points", std::move(points)},
                     {"rules", std::move(rules)},
                     {"marks", caches.marks()}});
  }
  return picks;
}

}  // namespace whygpu
