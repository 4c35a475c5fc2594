#include "reports/charts/chart_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/charts/bandwidth_chart.h"
#include "reports/charts/bars.h"
#include "reports/charts/roofline_chart.h"
#include "reports/charts/samples_chart.h"
#include "reports/charts/series.h"
#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/projected.h"

namespace whygpu {
namespace {

using Json = nlohmann::ordered_json;
using Rate = std::optional<Estimate> (*)(const CaseRecord&);

Json empty_pick(const Family& family, const std::string& y_title) {
  return {{"label", label_of(family)},
          {"x_title", family.by_work ? family.size_name + " of one operation" : family.size_name},
          {"y_title", y_title},
          {"x_format", family.by_work ? "~s" : ",d"},
          {"connected", !family.by_work},
          {"series", Json::array()},
          {"points", Json::array()},
          {"rules", Json::array()}};
}

class Charts {
 public:
  Charts(const std::vector<ResultFile>& files, const PriceList& prices, std::span<const CatalogueDevice> cards)
      : prices_(prices), cards_(cards), files_(files) {
    for (const auto& file : files) {
      for (auto& family : families_of(file)) add_family(std::move(family));
    }
  }

  Json build() {
    measured_contests_ = measured_contests();
    add_with_bars("speed", "lines", "Speed over size", "Speed of single problems",
                  "Each line is a backend; its band is the spread between rounds; a hollow point did not settle. "
                  "Dashed: measured ceilings.",
                  lines("GFLOP/s", gflops, CeilingKind::flops));
    add_with_bars("bandwidth", "lines", "Memory bandwidth over footprint", "Memory bandwidth of single problems",
                  "Bytes per second, each vector read or written once, over the size of all vectors together. Dashed: "
                  "measured ceilings; vertical: the capacity of the caches of all threads.",
                  bandwidth_picks(files_, families_, names_));
    add_with_bars(
        "advantage", "advantage", "Speed-up over the best CPU backend",
        "Speed-up of single problems over the best CPU backend",
        "Shaded: ahead. A size counts as won only if its whole band is above 1, at this and every larger size.",
        advantages(Resource::time, "× the best CPU backend"));
    add_with_bars(
        "projection", "advantage", "Projected speed-up over the best CPU backend",
        "Projected speed-up of single problems",
        "Nothing here was measured on a card: each line is what a model of its nominal values gives, with the data on "
        "the card; the hatched band holds nine of ten. Shaded: ahead.",
        projections());
    add_with_bars("latency-advantage", "advantage", "Speed-up of one operation at a time",
                  "Speed-up of single problems, one operation at a time",
                  "One operation that the host waits for; elsewhere operations are queued behind each other.",
                  advantages(Resource::latency, "× the best CPU backend"));
    add_with_bars("energy-advantage", "advantage", "Energy advantage over the best CPU backend",
                  "Energy advantage of single problems",
                  "Joules per operation of the best CPU backend over the candidate's.",
                  advantages(Resource::energy, "× fewer joules"));
    add_with_bars("money-advantage", "advantage", "Cost advantage over the best CPU backend",
                  "Cost advantage of single problems",
                  "Time weighted by device prices; the GPU includes the price of its host's CPU.",
                  advantages(Resource::money, "× fewer dollars"));
    add("roofline", "roofline", "Roofline",
        "Performance over arithmetic intensity (FLOP per byte of compulsory traffic), under ceilings measured on the "
        "same device.",
        roofline_picks(files_, names_));
    add_with_bars("energy", "lines", "Speed per watt", "Speed per watt of single problems",
                  "GFLOP/s per watt, by the meters of the machine.",
                  lines("GFLOP/s per W", gflops_per_watt, std::nullopt));
    add("training", "phases", "Where a training step spends its time", "Forward, backward and update of one step.",
        phases());
    add("samples", "samples", "Samples by round",
        "Every round is a fresh process; its samples are in the order of time, its median is the short line. On the "
        "right: how often each time occurred.",
        sample_picks(files_));
    return std::move(charts_);
  }

 private:
  void add_family(Family family) {
    const auto label = label_of(family);
    const auto found =
        std::find_if(families_.begin(), families_.end(), [&](const Family& other) { return label_of(other) == label; });
    if (found == families_.end()) {
      families_.push_back(std::move(family));
      return;
    }
    for (auto& problem : family.problems) {
      const auto known = std::find_if(found->problems.begin(), found->problems.end(),
                                      [&](const SizedProblem& p) { return p.key == problem.key; });
      if (known == found->problems.end()) found->problems.push_back(std::move(problem));
    }
  }

  void add(const std::string& id, const char* spec, const char* title, const char* about, Json picks) {
    if (picks.empty()) return;
    charts_.push_back({{"id", id}, {"spec", spec}, {"title", title}, {"about", about}, {"picks", std::move(picks)}});
  }

  // Picks of too few sizes for a line become bars.
  void add_with_bars(const std::string& id, const char* spec, const char* title, const char* bars_title,
                     const char* about, Json picks) {
    auto bars = take_bars(picks);
    add(id, spec, title, about, std::move(picks));
    const bool factors = std::string_view(spec) == "advantage";
    add(id + "-bars", factors ? "factors" : "bars", bars_title,
        "Problems of too few sizes for a line; the thin line is the spread, and a pale bar did not settle.",
        std::move(bars));
  }

  // Cases of each file by problem, computed once.
  const std::vector<const CaseRecord*>& cases(std::size_t file, const std::string& key) {
    if (by_key_.empty()) {
      for (const auto& entry : files_.entries()) {
        auto& of_file = by_key_.emplace_back();
        for (const auto& record : entry.file.cases) of_file[problem_key(record)].push_back(&record);
      }
    }
    return by_key_[file][key];
  }

  Json lines(const std::string& unit, Rate rate, std::optional<CeilingKind> ceiling_kind) {
    Json picks = Json::array();
    for (const auto& family : families_) {
      if (family.workload == kMemory) continue;  // by bandwidth, even where its kernels count FLOPs
      Json pick = empty_pick(family, unit);
      ChartSeries series(names_);
      Ceilings ceilings;
      for (const auto& problem : family.problems) {
        for (std::size_t f = 0; f < files_.entries().size(); ++f) {
          const auto& entry = files_.entries()[f];
          for (const auto* record : cases(f, problem.key)) {
            const auto value = rate(*record);
            if (!value) continue;
            const auto name = series_name(files_, entry, *record);
            pick["points"].push_back(point(series.index(name), problem.size, *value, record->settled,
                                           tip_of(name, *value, unit, *record), record->problem));
            ceilings.add_device(entry, *record);
          }
        }
      }
      if (pick["points"].empty()) continue;
      pick["series"] = series.legend();
      if (ceiling_kind) {
        pick["rules"] = ceilings.rules([&](const CeilingRecord& ceiling) {
          return ceiling.kind == *ceiling_kind && ceiling.dtype == family.dtype;
        });
      }
      picks.push_back(std::move(pick));
    }
    return picks;
  }

  struct NamedContest {
    std::string name;  // of its series
    Contest contest;
  };

  // By label of their families.
  using Contests = std::map<std::string, std::vector<NamedContest>>;

  Contests measured_contests() const {
    Contests result;
    for (const auto& entry : files_.entries()) {
      for (auto& contest : contests(entry.file, prices_)) {
        auto name = files_.prefix(entry, contest.family.workload) + contest.candidate;
        if (!contest.data_path.text.empty()) name += " " + contest.data_path.text;
        result[label_of(contest.family)].push_back({std::move(name), std::move(contest)});
      }
    }
    return result;
  }

  // Cards that a file did not measure, over the best CPU backend of that file.
  Contests projected() const {
    Contests result;
    for (const auto& entry : files_.entries()) {
      for (const auto& card : cards_) {
        if (was_measured(entry.file, card)) continue;
        for (auto& contest : projected_contests(entry.file, card, Offload::kernel)) {
          const auto name = files_.prefix(entry, contest.family.workload) + card.name;
          result[label_of(contest.family)].push_back({name, std::move(contest)});
        }
      }
    }
    return result;
  }

  // A pick for each family of which a contest is wanted. `point_of` makes a point from the name of its series, its
  // number, and the advantage.
  template <class Wanted, class PointOf>
  Json contest_picks(const Contests& all, const std::string& unit, const Wanted& wanted, const PointOf& point_of) {
    Json picks = Json::array();
    for (const auto& family : families_) {
      const auto found = all.find(label_of(family));
      if (found == all.end()) continue;
      Json pick = empty_pick(family, unit);
      ChartSeries series(names_);
      for (const auto& [name, contest] : found->second) {
        if (!wanted(contest)) continue;
        for (const auto& advantage : contest.points)
          pick["points"].push_back(point_of(name, series.index(name), advantage));
      }
      if (pick["points"].empty()) continue;
      pick["series"] = series.legend();
      picks.push_back(std::move(pick));
    }
    return picks;
  }

  Json advantages(Resource resource, const std::string& unit) {
    return contest_picks(
        measured_contests_, unit, [&](const Contest& contest) { return contest.resource == resource; },
        [&](const std::string& name, std::size_t series, const Advantage& p) {
          return point(series, p.size, p.factor, true,
                       fmt::format("{}: {}{} {} ({})\n{}", name, format_number(p.factor.value), unit,
                                   format_spread(p.factor), p.best_cpu, p.problem),
                       p.problem);
        });
  }

  Json projections() {
    return contest_picks(
        projected(), "× the best CPU backend, projected", [](const Contest&) { return true; },
        [](const std::string& name, std::size_t series, const Advantage& p) {
          auto json =
              point(series, p.size, p.factor, false,
                    fmt::format("{}: projected {}× [{} to {}] {}\n{}", name, format_number(p.factor.value),
                                format_number(p.factor.low()), format_number(p.factor.high()), p.best_cpu, p.problem),
                    p.problem);
          json["projected"] = true;
          return json;
        });
  }

  Json phases() {
    static constexpr std::pair<const char*, const char*> kPhases[] = {
        {"forward_ns", "forward"}, {"backward_ns", "backward"}, {"update_ns", "update"}};
    Json picks = Json::array();
    for (const auto& family : families_) {
      for (const auto& problem : family.problems) {
        Json points = Json::array();
        for (std::size_t f = 0; f < files_.entries().size(); ++f) {
          for (const auto* record : cases(f, problem.key)) {
            const auto row = series_name(files_, files_.entries()[f], *record);
            for (std::size_t s = 0; s < std::size(kPhases); ++s) {
              const auto time = detail(*record, kPhases[s].first);
              if (!time) continue;
              points.push_back({{"s", s},
                                {"row", row},
                                {"y", rounded(time->value / 1e6)},
                                {"tip", fmt::format("{}: {} {}\n{}", row, kPhases[s].second,
                                                    format_duration_ns(time->value), record->text)}});
            }
          }
        }
        if (points.empty()) continue;
        picks.push_back({{"label", problem.problem},
                         {"x_title", "ms of one step"},
                         {"y_title", ""},
                         {"x_format", "~s"},
                         {"series", {{0, "forward"}, {1, "backward"}, {2, "update"}}},
                         {"points", std::move(points)},
                         {"rules", Json::array()}});
      }
    }
    return picks;
  }

  const PriceList& prices_;
  const std::span<const CatalogueDevice> cards_;
  const ChartFiles files_;
  std::vector<Family> families_;
  Contests measured_contests_;
  std::vector<std::map<std::string, std::vector<const CaseRecord*>>> by_key_;
  SeriesNumbers names_{files_};
  Json charts_ = Json::array();
};

}  // namespace

nlohmann::ordered_json chart_data(const std::vector<ResultFile>& files, const PriceList& prices,
                                  std::span<const CatalogueDevice> cards) {
  return Charts(files, prices, cards).build();
}

}  // namespace whygpu
