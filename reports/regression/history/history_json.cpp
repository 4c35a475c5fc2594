#include "reports/regression/history/render_history.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace whygpu {
namespace {

using nlohmann::json;

json key_json(const SeriesKey& key) { return {{"case", key.text}, {"machine", key.machine}, {"threads", key.threads}}; }

json change_json(const LevelChange& change) {
  json object = key_json(change.key);
  object["verdict"] = ruling_name(change.size > 0 ? Ruling::slower : Ruling::faster);
  object["log_ratio"] = change.size;
  object["p"] = change.p;
  object["last_before"] = change.last_before;
  object["first_after"] = change.first_after;
  object["simulated"] = change.simulated;
  object["accepted"] = nullptr;
  if (const auto& taken = change.accepted) {
    object["accepted"] = {{"pattern", taken->pattern}, {"reason", taken->reason}, {"when", taken->when}};
  }
  return object;
}

json series_json(const Series& series) {
  json object = key_json(series.key);
  object["hosts"] = series.hosts;
  object["host_scatter"] = std::sqrt(series.host_variance);
  object["levels"] = json::array();
  for (const Level& level : chain(series)) {
    object["levels"].push_back({{"revision", level.revision},
                                {"base", level.base},
                                {"log_ratio", level.value},
                                {"step", level.step},
                                {"step_error", level.step_error},
                                {"pairs", level.pairs},
                                {"after_gap", level.after_gap}});
  }
  return object;
}

}  // namespace

json history_check_json(std::span<const Series> all, std::span<const LevelChange> changes) {
  json list = json::array();
  for (const auto& change : changes) list.push_back(change_json(change));
  return {{"schema", kHistoryOutputSchema},
          {"series_checked", all.size()},
          {"slowdowns_to_look_at", std::ranges::count_if(changes, needs_attention)},
          {"changes", list}};
}

json history_log_json(std::span<const Series> all, std::span<const LevelChange> changes) {
  json document = history_check_json(all, changes);
  document["series"] = json::array();
  for (const auto& series : all) document["series"].push_back(series_json(series));
  return document;
}

}  // namespace whygpu
