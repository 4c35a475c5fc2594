#include "reports/charts/chart_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/projected.h"

namespace whygpu {
namespace {

using Json = nlohmann::ordered_json;
using Rate = std::function<std::optional<Estimate>(const ResultFile&, const CaseRecord&)>;

double rounded(double value) { return std::stod(fmt::format("{:.5g}", value)); }

std::string label_of(const Family& family) {
  std::vector<std::string> parts{family.workload};
  for (const auto* part : {&family.dtype, &family.settings, &family.size_name, &family.fixed}) {
    if (!part->empty()) parts.push_back(*part);
  }
  return join(parts, " · ");
}

// The series of one pick. A name has the same number, hence the same colour, in all charts of a page.
class Series {
 public:
  explicit Series(std::vector<std::string>& names) : names_(names) {}

  std::size_t index(const std::string& name) {
    auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) found = names_.insert(found, name);
    const auto number = static_cast<std::size_t>(found - names_.begin());
    used_.insert(number);
    return number;
  }

  // [[number, name], …]
  Json legend() const {
    Json legend = Json::array();
    for (const auto number : used_) legend.push_back({number, names_[number]});
    return legend;
  }

 private:
  std::vector<std::string>& names_;
  std::set<std::size_t> used_;
};

Json point(std::size_t series, double x, const Estimate& y, bool settled, const std::string& tip) {
  return {
      {"s", series},        {"x", x},    {"y", rounded(y.value)}, {"lo", rounded(y.low())}, {"hi", rounded(y.high())},
      {"settled", settled}, {"tip", tip}};
}

// "cublas  512 GFLOP/s ±1.2%", followed by what ran and how to repeat it.
std::string tip_of(const std::string& series, const Estimate& value, const std::string& unit,
                   const CaseRecord& record) {
  std::string tip = fmt::format("{}: {} {} {}", series, format_number(value.value), unit, format_spread(value));
  if (!record.settled) tip += " (not settled)";
  tip += '\n' + record.text;
  if (!record.implementation.empty()) tip += '\n' + record.implementation;
  return tip;
}

Json empty_pick(const Family& family, const std::string& y_title) {
  return {{"label", label_of(family)},
          {"x_title", family.by_work ? family.size_name + " of one operation" : family.size_name},
          {"y_title", y_title},
          {"x_format", family.by_work ? "~s" : ",d"},
          {"series", Json::array()},
          {"points", Json::array()},
          {"rules", Json::array()}};
}

struct NamedFile {
  const ResultFile& file;
  std::string prefix;  // of names when there are several files
};

class Charts {
 public:
  Charts(const std::vector<ResultFile>& files, const PriceList& prices, std::span<const CatalogueDevice> cards)
      : prices_(prices), cards_(cards) {
    const auto names = file_names(files);
    for (std::size_t f = 0; f < files.size(); ++f) {
      files_.push_back({files[f], files.size() > 1 ? names[f] + " " : std::string()});
      for (auto& family : families_of(files[f])) add_family(std::move(family));
    }
  }

  Json build() {
    measured_contests_ = measured_contests();
    add("speed", "lines", "Speed over size",
        "Each line is a backend; its band is the spread between rounds; a hollow point did not settle. Dashed: "
        "measured ceilings.",
        lines(
            "GFLOP/s", [](const ResultFile&, const CaseRecord& r) { return gflops(r); }, CeilingKind::flops));
    add("bandwidth", "lines", "Memory bandwidth over size",
        "Work without counted FLOPs: bytes per second, each read or written once.",
        lines(
            "GB/s",
            [](const ResultFile&, const CaseRecord& r) { return r.flops > 0 ? std::nullopt : gigabytes_per_second(r); },
            CeilingKind::bandwidth));
    add("advantage", "advantage", "Speed-up over the best CPU backend",
        "Shaded: ahead. A size counts as won only if its whole band is above 1, at this and every larger size.",
        advantages(Resource::time, "× the best CPU backend"));
    add("projection", "advantage", "Projected speed-up over the best CPU backend",
        "Nothing here was measured on a card: each line is what a model of its nominal values gives, with the data on "
        "the card; the hatched band holds nine of ten. Shaded: ahead.",
        projections());
    add("latency-advantage", "advantage", "Speed-up of one operation at a time",
        "One operation that the host waits for; elsewhere operations are queued behind each other.",
        advantages(Resource::latency, "× the best CPU backend"));
    add("energy-advantage", "advantage", "Energy advantage over the best CPU backend",
        "Joules per operation of the best CPU backend over the candidate's.",
        advantages(Resource::energy, "× fewer joules"));
    add("money-advantage", "advantage", "Cost advantage over the best CPU backend",
        "Time weighted by device prices; the GPU includes the price of its host's CPU.",
        advantages(Resource::money, "× fewer dollars"));
    add("roofline", "roofline", "Roofline",
        "Performance over arithmetic intensity (FLOP per byte of compulsory traffic), under ceilings measured on the "
        "same device.",
        rooflines());
    add("energy", "lines", "Speed per watt", "GFLOP/s per watt, by the meters of the machine.",
        lines(
            "GFLOP/s per W", [](const ResultFile&, const CaseRecord& r) { return gflops_per_watt(r); }, std::nullopt));
    add("training", "phases", "Where a training step spends its time", "Forward, backward and update of one step.",
        phases());
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

  void add(const char* id, const char* spec, const char* title, const char* about, Json picks) {
    if (picks.empty()) return;
    charts_.push_back({{"id", id}, {"spec", spec}, {"title", title}, {"about", about}, {"picks", std::move(picks)}});
  }

  // Cases of each file by problem, computed once.
  const std::vector<const CaseRecord*>& cases(std::size_t file, const std::string& key) {
    if (by_key_.empty()) {
      by_key_.resize(files_.size());
      for (std::size_t f = 0; f < files_.size(); ++f) {
        for (const auto& record : files_[f].file.cases) by_key_[f][problem_key(record)].push_back(&record);
      }
    }
    return by_key_[file][key];
  }

  Json lines(const std::string& unit, const Rate& rate, std::optional<CeilingKind> ceiling_kind) {
    Json picks = Json::array();
    for (const auto& family : families_) {
      Json pick = empty_pick(family, unit);
      Series series(names_);
      for (const auto& problem : family.problems) {
        for (std::size_t f = 0; f < files_.size(); ++f) {
          const auto& [file, prefix] = files_[f];
          for (const auto* record : cases(f, problem.key)) {
            const auto value = rate(file, *record);
            if (!value) continue;
            const auto name = prefix + contender_name(file, *record) + (file.imported ? " (published)" : "");
            pick["points"].push_back(
                point(series.index(name), problem.size, *value, record->settled, tip_of(name, *value, unit, *record)));
          }
        }
      }
      if (pick["points"].empty()) continue;
      pick["series"] = series.legend();
      if (ceiling_kind) add_ceilings(pick["rules"], *ceiling_kind, family.dtype);
      picks.push_back(std::move(pick));
    }
    return picks;
  }

  static double giga(const CeilingRecord& ceiling) {
    return ceiling.unit.starts_with("G") ? ceiling.value : ceiling.value / 1e9;
  }

  void add_ceilings(Json& rules, CeilingKind kind, const std::string& dtype) {
    for (const auto& [file, prefix] : files_) {
      for (const auto& ceiling : file.ceilings) {
        if (ceiling.kind != kind || (kind == CeilingKind::flops && ceiling.dtype != dtype)) continue;
        const auto what = kind == CeilingKind::flops ? ceiling.dtype : ceiling.level;
        rules.push_back(
            {{"y", rounded(giga(ceiling))}, {"label", fmt::format("{}{} {} ceiling", prefix, ceiling.device, what)}});
      }
    }
  }

  struct NamedContest {
    std::string name;  // of its series
    Contest contest;
  };

  // By label of their families.
  using Contests = std::map<std::string, std::vector<NamedContest>>;

  Contests measured_contests() const {
    Contests result;
    for (const auto& [file, prefix] : files_) {
      for (auto& contest : contests(file, prices_)) {
        auto name = prefix + contest.candidate;
        if (!contest.data_path.text.empty()) name += " " + contest.data_path.text;
        result[label_of(contest.family)].push_back({std::move(name), std::move(contest)});
      }
    }
    return result;
  }

  // Cards that a file did not measure, over the best CPU backend of that file.
  Contests projected() const {
    Contests result;
    for (const auto& [file, prefix] : files_) {
      for (const auto& card : cards_) {
        if (was_measured(file, card)) continue;
        for (auto& contest : projected_contests(file, card, Offload::kernel))
          result[label_of(contest.family)].push_back({prefix + card.name, std::move(contest)});
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
      Series series(names_);
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
                                   format_spread(p.factor), p.best_cpu, p.problem));
        });
  }

  Json projections() {
    return contest_picks(
        projected(), "× the best CPU backend, projected", [](const Contest&) { return true; },
        [](const std::string& name, std::size_t series, const Advantage& p) {
          auto json =
              point(series, p.size, p.factor, false,
                    fmt::format("{}: projected {}× [{} to {}] {}\n{}", name, format_number(p.factor.value),
                                format_number(p.factor.low()), format_number(p.factor.high()), p.best_cpu, p.problem));
          json["projected"] = true;
          return json;
        });
  }

  // One pick per device and dtype with both an arithmetic and a memory ceiling.
  Json rooflines() {
    Json picks = Json::array();
    for (const auto& [file, prefix] : files_) {
      for (const auto& peak : file.ceilings) {
        if (peak.kind != CeilingKind::flops) continue;
        const CeilingRecord* memory = nullptr;
        for (const auto& c : file.ceilings) {
          if (c.kind == CeilingKind::bandwidth && c.device == peak.device && (!memory || giga(c) < giga(*memory)))
            memory = &c;
        }
        if (memory) add_roofline(picks, file, prefix, peak, *memory);
      }
    }
    return picks;
  }

  void add_roofline(Json& picks, const ResultFile& file, const std::string& prefix, const CeilingRecord& peak,
                    const CeilingRecord& memory) {
    Json points = Json::array();
    Series series(names_);
    double least = 0, most = 0;
    for (const auto& record : file.cases) {
      const auto* backend = file.backend(record.backend);
      const auto rate = gflops(record);
      if (!rate || record.bytes <= 0 || record.value("dtype") != peak.dtype) continue;
      if (!backend || !backend->device || backend->device->name != peak.device) continue;
      const double intensity = record.flops / record.bytes;
      least = points.empty() ? intensity : std::min(least, intensity);
      most = std::max(most, intensity);
      const auto name = contender_name(file, record);
      points.push_back(
          point(series.index(name), rounded(intensity), *rate, record.settled, tip_of(name, *rate, "GFLOP/s", record)));
    }
    if (points.empty()) return;
    const double ridge = giga(peak) / giga(memory);
    const double left = std::min(least, ridge) / 1.5, right = std::max(most, ridge) * 1.5;
    Json rules = Json::array();
    const auto roof = [&](double x, double y, const std::string& label) {
      rules.push_back({{"roof", 0}, {"x", rounded(x)}, {"y", rounded(y)}, {"label", label}});
    };
    roof(left, left * giga(memory), "");
    roof(ridge, giga(peak), "");
    roof(right, giga(peak), fmt::format("{} {}", peak.dtype, memory.level));
    picks.push_back({{"label", fmt::format("{}{} · {}", prefix, peak.device, peak.dtype)},
                     {"x_title", "FLOP per byte"},
                     {"y_title", "GFLOP/s"},
                     {"x_format", "~s"},
                     {"series", series.legend()},
                     {"points", std::move(points)},
                     {"rules", std::move(rules)}});
  }

  Json phases() {
    static constexpr std::pair<const char*, const char*> kPhases[] = {
        {"forward_ns", "forward"}, {"backward_ns", "backward"}, {"update_ns", "update"}};
    Json picks = Json::array();
    for (const auto& family : families_) {
      for (const auto& problem : family.problems) {
        Json points = Json::array();
        for (std::size_t f = 0; f < files_.size(); ++f) {
          for (const auto* record : cases(f, problem.key)) {
            const auto row = files_[f].prefix + contender_name(files_[f].file, *record);
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
  std::vector<NamedFile> files_;
  std::vector<Family> families_;
  Contests measured_contests_;
  std::vector<std::map<std::string, std::vector<const CaseRecord*>>> by_key_;
  std::vector<std::string> names_;  // of all series
  Json charts_ = Json::array();
};

}  // namespace

nlohmann::ordered_json chart_data(const std::vector<ResultFile>& files, const PriceList& prices,
                                  std::span<const CatalogueDevice> cards) {
  return Charts(files, prices, cards).build();
}

}  // namespace whygpu
