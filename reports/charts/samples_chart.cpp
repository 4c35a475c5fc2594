#include "reports/charts/samples_chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/charts/sample_groups.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostCases = 150, kMostTimes = 60'000, kFewestPerRound = 8;

struct Candidate {
  std::string label;
  const CaseRecord* record;
  std::optional<TwoGroups> groups;
  double spread;  // last over first decile of all samples
};

std::vector<double> all_samples(const CaseRecord& record) {
  std::vector<double> all;
  for (const auto& round : record.rounds) all.insert(all.end(), round.samples_ns.begin(), round.samples_ns.end());
  return all;
}

std::vector<Candidate> candidates(const ChartFiles& files) {
  constexpr std::size_t kFewest = 3;  // fewer show no distribution
  std::vector<Candidate> found;
  for (const auto& entry : files.entries()) {
    if (entry.file.imported) continue;
    const auto prefix = files.entries().size() > 1 ? entry.name + ": " : std::string();
    for (const auto& record : entry.file.cases) {
      auto samples = all_samples(record);
      if (!record.timed() || samples.size() < kFewest) continue;
      const double low = quantile(samples, 0.1);
      if (low <= 0) continue;
      const double spread = quantile(samples, 0.9) / low;
      found.push_back({prefix + record.text, &record, two_groups(std::move(samples)), spread});
    }
  }
  std::ranges::stable_sort(found, [](const Candidate& a, const Candidate& b) {
    return std::pair(a.groups.has_value(), a.spread) > std::pair(b.groups.has_value(), b.spread);
  });
  if (found.size() > kMostCases) found.erase(found.begin() + kMostCases, found.end());
  return found;
}

// At most `most` of the times, evenly spaced.
Json thinned(const std::vector<double>& times, std::size_t most, double unit_ns) {
  Json kept = Json::array();
  const auto count = std::min(times.size(), most);
  for (std::size_t i = 0; i < count; ++i) {
    kept.push_back(std::stod(fmt::format("{:.4g}", times[i * times.size() / count] / unit_ns)));
  }
  return kept;
}

std::pair<double, const char*> unit_of(double ns) {
  if (ns < 1e3) return {1, "ns"};
  if (ns < 1e6) return {1e3, "µs"};
  return ns < 1e9 ? std::pair{1e6, "ms"} : std::pair{1e9, "s"};
}

std::string note_of(const Candidate& candidate) {
  const auto rounds = count_of(candidate.record->rounds.size(), "round");
  const auto samples = count_of(all_samples(*candidate.record).size(), "sample");
  if (!candidate.groups) return fmt::format("{}, {}.", samples, rounds);
  const auto& groups = *candidate.groups;
  return fmt::format("{}, {}. Two groups of times: around {} ({:.0f}%) and around {} ({:.0f}%).", samples, rounds,
                     format_duration_ns(groups.low), 100 * (1 - groups.share_high), format_duration_ns(groups.high),
                     100 * groups.share_high);
}

}  // namespace

Json sample_picks(const ChartFiles& files) {
  const auto chosen = candidates(files);
  std::size_t rounds = 0;
  for (const auto& candidate : chosen) rounds += candidate.record->rounds.size();
  const auto most = std::max(kFewestPerRound, kMostTimes / std::max<std::size_t>(rounds, 1));
  Json picks = Json::array();
  for (const auto& candidate : chosen) {
    const auto [unit_ns, unit] = unit_of(median(all_samples(*candidate.record)));
    Json times = Json::array();
    for (const auto& round : candidate.record->rounds) times.push_back(thinned(round.samples_ns, most, unit_ns));
    picks.push_back({{"label", candidate.label},
                     {"group", candidate.groups ? "Two groups of times" : "One group of times"},
                     {"note", note_of(candidate)},
                     {"x_title", "round"},
                     {"y_title", fmt::format("{} per operation", unit)},
                     {"unit", unit},
                     {"series", Json::array()},
                     {"rounds", std::move(times)}});
  }
  return picks;
}

}  // namespace whygpu
