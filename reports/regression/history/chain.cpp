#include "reports/regression/history/chain.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "reports/regression/history/hosts.h"
#include "reports/regression/statistics/change_points.h"

namespace whygpu {
namespace {

// Size of the step at `index` from its adjacent values: further away, link errors have accumulated.
double step_size(std::span<const double> values, std::size_t index, std::size_t level_begin, std::size_t level_end) {
  constexpr std::size_t kNeighbours = 8;
  const std::size_t first = std::max(level_begin, index - std::min(index, kNeighbours));
  const std::size_t last = std::min(level_end, index + kNeighbours);
  return median(values.subspan(index, last - index)) - median(values.subspan(first, index - first));
}

}  // namespace

bool same_revision(std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); }

std::vector<Level> chain(const Series& series) {
  std::vector<Level> levels;
  std::map<std::string, double> known;
  for (const Link& link : series.links) {
    if (levels.empty()) {
      levels.emplace_back().revision = link.base;
      known[link.base] = 0;
    }
    if (known.contains(link.head)) continue;
    const auto base = known.find(link.base);
    Level level;
    level.revision = link.head;
    level.base = link.base;
    level.pairs = link.log_ratios.size();
    level.after_gap = base == known.end();
    const StepEstimate estimate = estimate_step(link, series.host_variance);
    level.step = estimate.step;
    level.step_error = estimate.error;
    level.value = (level.after_gap ? levels.back().value : base->second) + level.step;
    known[link.head] = level.value;
    levels.push_back(level);
  }
  return levels;
}

std::vector<LevelChange> find_changes(std::span<const Series> all, std::span<const Acceptance> acceptances,
                                      double smallest) {
  std::vector<LevelChange> changes;
  for (const Series& series : all) {
    const auto levels = chain(series);
    std::vector<double> values, errors;
    for (const Level& level : levels) {
      values.push_back(level.value);
      errors.push_back(level.step_error);
    }
    const auto points = find_change_points(values, errors);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const ChangePoint& point = points[i];
      const std::size_t begin = i == 0 ? 0 : points[i - 1].index;
      const std::size_t end = i + 1 == points.size() ? values.size() : points[i + 1].index;
      const double size = step_size(values, point.index, begin, end);
      if (std::fabs(size) < smallest) continue;
      LevelChange change{
          series.key, levels[point.index - 1].revision, levels[point.index].revision, size, point.p, false, {}};
      change.simulated =
          std::any_of(series.links.begin(), series.links.end(), [](const Link& link) { return link.simulated; });
      for (const Acceptance& acceptance : acceptances) {
        if (same_revision(acceptance.revision, change.first_after) && matches(acceptance.pattern, series.key.text)) {
          change.accepted = acceptance;
        }
      }
      changes.push_back(change);
    }
  }
  return changes;
}

bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, resume = 0;  // the last *, and where what follows it is tried next
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace whygpu
