#include "reports/charts/bars.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace whygpu {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kFewestSizes = 3, kMostRows = 40;

std::size_t sizes_in(const Json& pick) {
  std::set<double> sizes;
  for (const auto& point : pick["points"]) sizes.insert(point["x"].get<double>());
  return sizes.size();
}

// One pick under construction.
class Bars {
 public:
  Bars(std::string label, const Json& like) {
    pick_ = {{"label", std::move(label)}, {"x_title", like["y_title"]}, {"y_title", ""}, {"series", Json::array()},
             {"points", Json::array()},   {"heads", Json::array()},     {"rows", 0}};
  }

  std::size_t rows() const { return rows_; }

  // A heading and below it a bar for each point.
  void add(const std::string& problem, const std::vector<Json>& points, const Json& series) {
    pick_["heads"].push_back({{"row", rows_++}, {"text", problem}});
    for (Json point : points) {
      for (const char* key : {"x", "at"}) point.erase(key);
      for (const auto& entry : series) {
        if (entry[0] == point["s"]) legend_[entry[0].get<std::size_t>()] = entry[1].get<std::string>();
      }
      point["row"] = rows_++;
      pick_["points"].push_back(std::move(point));
    }
    pick_["rows"] = rows_;
  }

  Json take() {
    for (const auto& [number, name] : legend_) pick_["series"].push_back({number, name});
    return std::move(pick_);
  }

 private:
  Json pick_;
  std::size_t rows_ = 0;
  std::map<std::size_t, std::string> legend_;
};

}  // namespace

Json take_bars(Json& picks) {
  Json lines = Json::array();
  std::vector<std::pair<std::string, std::vector<Bars>>> by_workload;
  for (auto& pick : picks) {
    if (sizes_in(pick) >= kFewestSizes) {
      lines.push_back(std::move(pick));
      continue;
    }
    std::vector<std::pair<std::string, std::vector<Json>>> problems;  // in order
    for (const auto& point : pick["points"]) {
      const auto at = point["at"].get<std::string>();
      auto found = std::ranges::find(problems, at, [](const auto& problem) { return problem.first; });
      if (found == problems.end()) found = problems.insert(found, {at, {}});
      found->second.push_back(point);
    }
    for (const auto& [problem, points] : problems) {
      const auto workload = problem.substr(0, problem.find(' '));
      auto found = std::ranges::find(by_workload, workload, [](const auto& one) { return one.first; });
      if (found == by_workload.end()) found = by_workload.insert(found, {workload, {}});
      auto& bars = found->second;
      if (bars.empty() || bars.back().rows() + points.size() + 1 > kMostRows) {
        bars.emplace_back(bars.empty() ? workload : fmt::format("{} ({})", workload, bars.size() + 1), pick);
      }
      bars.back().add(problem, points, pick["series"]);
    }
  }
  for (auto& pick : lines) {
    for (auto& point : pick["points"]) point.erase("at");
  }
  picks = std::move(lines);
  Json result = Json::array();
  for (auto& [workload, all] : by_workload) {
    for (auto& bars : all) result.push_back(bars.take());
  }
  return result;
}

}  // namespace whygpu
