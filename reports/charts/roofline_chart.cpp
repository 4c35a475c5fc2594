#include "reports/charts/roofline_chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/render/text.h"
#include "reports/results/problems.h"

namespace whygpu {
namespace {

using Json = nlohmann::ordered_json;

bool ran_on(const ResultFile& file, const CaseRecord& record, const std::string& device) {
  const auto* used = file.device_of(record);
  return used != nullptr && used->name == device;
}

Json pick_of(const ChartFiles& files, const ChartFiles::Entry& entry, const CeilingRecord& peak,
             SeriesNumbers& numbers) {
  const auto& file = entry.file;
  Json points = Json::array();
  ChartSeries series(numbers);
  for (const auto& record : file.cases) {
    const auto rate = gflops(record);
    if (!rate || record.bytes <= 0 || record.value("dtype") != peak.dtype || !ran_on(file, record, peak.device)) {
      continue;
    }
    const auto name = series_name(files, entry, record);
    points.push_back(point(series.index(name), rounded(record.flops / record.bytes), *rate, record.settled,
                           tip_of(name, *rate, "GFLOP/s", record), {}));
  }
  Json roofs = Json::array();
  std::vector<std::string> values;
  const auto add_roof = [&](const CeilingRecord& ceiling, const char* kind, const char* unit) {
    const auto label = ceiling_label(ceiling);
    roofs.push_back({{"label", label}, {kind, rounded(giga(ceiling))}});
    values.push_back(fmt::format("{}: {} {}", label, format_number(giga(ceiling)), unit));
  };
  add_roof(peak, "gflops", peak.unit == "OP/s" ? "GOP/s" : "GFLOP/s");
  for (const auto& ceiling : file.ceilings) {
    if (ceiling.kind == CeilingKind::bandwidth && ceiling.device == peak.device) add_roof(ceiling, "bandwidth", "GB/s");
  }
  if (points.empty() || roofs.size() < 2) return {};
  const auto prefix = files.entries().size() > 1 ? entry.name + ": " : std::string();
  return {{"label", fmt::format("{}{} · {}", prefix, peak.device, peak.dtype)},
          {"note", "Measured roofs: " + join(values, "; ") + "."},
          {"x_title", "FLOP per byte"},
          {"y_title", "GFLOP/s"},
          {"x_format", "~s"},
          {"series", series.legend()},
          {"points", std::move(points)},
          {"roofs", std::move(roofs)},
          {"rules", Json::array()}};
}

}  // namespace

Json roofline_picks(const ChartFiles& files, SeriesNumbers& numbers) {
  std::vector<Json> picks;
  for (const auto& entry : files.entries()) {
    for (const auto& peak : entry.file.ceilings) {
      if (peak.kind != CeilingKind::flops) continue;
      if (auto pick = pick_of(files, entry, peak, numbers); !pick.is_null()) picks.push_back(std::move(pick));
    }
  }
  std::ranges::stable_sort(picks, std::greater{}, [](const Json& pick) { return pick["points"].size(); });
  return picks;
}

}  // namespace whygpu
