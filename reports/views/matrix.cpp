#include "reports/views/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "reports/render/footnotes.h"
#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/provenance.h"

namespace whygpu {
namespace {

// The legend for the marks in a document's cells.
struct Marks {
  bool interval = false, range = false, single = false, unsettled = false, ceiling = false, bandwidth = false,
       memory_roof = false, widened = false;

  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    if (interval) lines.emplace_back("± half the 95% interval of the median between rounds");
    if (range) lines.emplace_back("r half the range between rounds (a 95% interval needs 6 rounds)");
    if (single) lines.emplace_back("×? from a single round: no interval, may be chance");
    if (ceiling) lines.emplace_back("% of the ceiling measured on the same device");
    if (bandwidth)
      lines.emplace_back(
          "% of the bandwidth measured on the same device: of its memory, or of the cache that held the operands");
    if (widened)
      lines.emplace_back("w the ceiling is that of f32: the processor has no arithmetic in the dtype and widens it");
    if (memory_roof) lines.emplace_back("m the ceiling is memory or cache, not arithmetic");
    if (unsettled) lines.emplace_back("~ did not settle within its budget");
    return lines;
  }
};

class Matrix {
 public:
  Matrix(const std::vector<ResultFile>& files, const std::vector<Measure>& measures, const std::string& baseline,
         Shown shown)
      : files_(files), measures_(measures), baseline_(baseline), shown_(shown), names_(file_names(files)) {}

  Document build() {
    check_baseline();
    document_.heading = describe_files(files_, names_);
    document_.records.columns = {
        "file",     "workload",         "problem",      "backend",        "variant", "status",   "reason", "settled",
        "rounds",   "measure",          "unit",         "value",          "low",     "high",     "spread", "speedup",
        "baseline", "ceiling_fraction", "ceiling_roof", "implementation", "case",    "published"};
    for (const auto& workload : workloads_of(files_)) add_workload(workload);
    append(document_.notes, marks_.lines());
    append(document_.notes, footnotes_.lines());
    for (std::size_t f = 0; f < files_.size(); ++f) {
      for (const auto& line : describe_backends(files_[f])) document_.notes.push_back(prefix(f) + line);
    }
    return std::move(document_);
  }

 private:
  struct Gain {
    double times = 1;
    bool single = false;  // one of the two has a single round
  };

  static void append(std::vector<std::string>& to, const std::vector<std::string>& lines) {
    to.insert(to.end(), lines.begin(), lines.end());
  }

  // Prefix of names when there are several files.
  std::string prefix(std::size_t file) const { return files_.size() > 1 ? names_[file] + " " : std::string(); }

  void check_baseline() const {
    if (baseline_.empty()) return;
    std::set<std::string> known;
    for (const auto& workload : workloads_of(files_)) {
      const Grid grid(files_, workload);
      for (const auto& contender : grid.contenders()) {
        if (!is_imported(contender)) known.insert(contender.name);
      }
    }
    if (known.contains(baseline_)) return;
    throw std::invalid_argument(
        "unknown baseline " + baseline_ + " in " + join(names_, ", ") + "; available: " +
        (known.empty() ? "none in files that were published by others" : join({known.begin(), known.end()}, ", ")));
  }

  std::optional<Estimate> value(const Grid& grid, std::size_t problem, std::size_t contender, const Measure& measure) {
    const auto* record = grid.at(problem, contender);
    return record ? measure.of(files_[grid.contenders()[contender].file], *record) : std::nullopt;
  }

  bool is_imported(const Contender& contender) const { return files_[contender.file].imported.has_value(); }

  bool comparable(const Grid& grid, std::size_t problem, std::size_t contender) const {
    const auto* record = grid.at(problem, contender);
    return record != nullptr && record->status == Status::ok && !is_imported(grid.contenders()[contender]);
  }

  // Whether the predicate holds for any cell of the grid.
  template <class Predicate>
  static bool any(const Grid& grid, Predicate&& is_such) {
    for (std::size_t p = 0; p < grid.problems().size(); ++p) {
      for (std::size_t c = 0; c < grid.contenders().size(); ++c) {
        if (is_such(p, c)) return true;
      }
    }
    return false;
  }

  int cases_with(const Grid& grid, const Measure& measure) {
    int count = 0;
    any(grid, [&](auto p, auto c) {
      count += value(grid, p, c, measure) ? 1 : 0;
      return false;
    });
    return count;
  }

  // When one is shown: the measure that most cases have, the first among equals. Empty when no ok case has any.
  std::vector<const Measure*> measures_for(const Grid& grid) {
    std::vector<const Measure*> found;
    for (const auto& measure : measures_) {
      if (cases_with(grid, measure) > 0) found.push_back(&measure);
    }
    if (shown_ == Shown::first && found.size() > 1) {
      found = {
          *std::ranges::max_element(found, {}, [&](const Measure* measure) { return cases_with(grid, *measure); })};
    }
    const auto ran = [&](auto p, auto c) { return grid.at(p, c) && grid.at(p, c)->timed(); };
    if (found.empty() && !any(grid, ran)) found.push_back(&measures_.front());
    return found;
  }

  // Most problems solved, then slowest by geometric mean.
  std::string choose_baseline(const Grid& grid, const Measure& measure) {
    std::vector<std::tuple<int, double, std::string>> ranking;
    for (std::size_t c = 0; c < grid.contenders().size(); ++c) {
      int solved = 0;
      double slowness = 0;
      for (std::size_t p = 0; p < grid.problems().size(); ++p) {
        const auto estimate = comparable(grid, p, c) ? value(grid, p, c, measure) : std::nullopt;
        if (estimate) {
          ++solved;
          slowness += measure.higher_is_better ? -std::log(estimate->value) : std::log(estimate->value);
        }
      }
      if (solved > 0) ranking.emplace_back(-solved, -slowness / solved, grid.contenders()[c].name);
    }
    std::sort(ranking.begin(), ranking.end());
    return ranking.size() < 2 ? std::string() : std::get<2>(ranking.front());
  }

  // Bytes are compared with bandwidth, other measures with the lower roof.
  std::optional<CeilingPlace> place_of(const Grid& grid, std::size_t p, std::size_t c, const Measure& measure) const {
    const auto* record = grid.at(p, c);
    if (record == nullptr) return std::nullopt;
    const auto against = measure.ceiling.value_or(Against::roofline);
    return ceiling_place(files_[grid.contenders()[c].file], *record, against);
  }

  // Percent of ceiling, if any case of the grid has one; else "".
  Cell ceiling_cell(const Grid& grid, std::size_t p, std::size_t c, const Measure& measure) {
    const auto place = place_of(grid, p, c, measure);
    if (!place) return {};
    const bool bandwidth = measure.ceiling == Against::bandwidth;
    const bool memory = !bandwidth && place->place.roof == Roof::memory;
    (bandwidth ? marks_.bandwidth : marks_.ceiling) = true;
    marks_.memory_roof = marks_.memory_roof || memory;
    const bool widened = place->widened && place->place.roof == Roof::arithmetic;
    marks_.widened = marks_.widened || widened;
    const auto text = fmt::format("{:.0f}%{}", 100 * place->place.fraction, memory ? "m" : widened ? "w" : "");
    if (!place->beaten) return {text, Tone::faint};
    return {footnotes_.mark_as(text, "above its ceiling", place->beaten->why), Tone::warning};
  }

  bool has_ceilings(const Grid& grid, const Measure& measure) const {
    return any(grid, [&](auto p, auto c) { return place_of(grid, p, c, measure).has_value(); });
  }

  void add_workload(const std::string& workload) {
    const Grid grid(files_, workload);
    const auto measures = measures_for(grid);
    if (measures.empty()) {
      document_.notes.push_back(workload + ": no " + measures_.front().unit + ", " + measures_.front().absent);
    }
    for (const auto* measure : measures) {
      again_ = measure != measures.front();
      add_section(workload, grid, *measure);
    }
  }

  void add_section(const std::string& workload, const Grid& grid, const Measure& measure) {
    const std::string base = baseline_.empty() ? choose_baseline(grid, measure) : baseline_;
    const bool compared = !base.empty();
    const bool ceilings = measure.ceiling && has_ceilings(grid, measure);
    Section section;
    section.title = fmt::format("{} {}", workload, grid.shared_values());
    for (std::size_t v = 0; v < grid.varying().size(); ++v) {
      section.columns.push_back({grid.varying()[v], "", !grid.is_numeric(v)});
    }
    if (grid.varying().empty()) section.columns.push_back({"problem", "", true});
    for (const auto& contender : grid.contenders()) {
      const auto group = prefix(contender.file) + contender.name + (is_imported(contender) ? " (published)" : "");
      section.columns.push_back({measure.unit, group, false});
      section.columns.push_back({"", group, false});
      if (is_imported(contender)) continue;
      if (ceilings) section.columns.push_back({"", group, false});
      if (compared) section.columns.push_back({"", group, false});
    }
    for (std::size_t p = 0; p < grid.problems().size(); ++p) {
      auto& row = section.rows.emplace_back();
      for (std::size_t v = 0; v < grid.varying().size(); ++v) row.push_back({grid.value(p, v)});
      if (grid.varying().empty()) row.push_back({grid.problems()[p]});
      for (std::size_t c = 0; c < grid.contenders().size(); ++c) add_cells(grid, p, c, measure, base, ceilings, row);
    }
    if (compared) {
      section.notes.push_back(
          fmt::format("× is the {} over {}{}{}", measure.gain, base,
                      baseline_.empty() ? ", which solved most problems (the slowest of those)" : "",
                      files_.size() > 1 ? ", inside each file" : ""));
    }
    document_.sections.push_back(std::move(section));
  }

  void add_cells(const Grid& grid, std::size_t p, std::size_t c, const Measure& measure, const std::string& base,
                 bool ceilings, std::vector<Cell>& row) {
    const auto* record = grid.at(p, c);
    const bool imported = is_imported(grid.contenders()[c]);
    const bool has_ceiling = ceilings && !imported, has_gain = !base.empty() && !imported;
    const auto estimate = value(grid, p, c, measure);
    const auto gain = estimate && !base.empty() && comparable(grid, p, c)
                          ? gain_over(grid, p, c, measure, base, *estimate)
                          : std::nullopt;
    if (estimate) {
      marks_.unsettled = marks_.unsettled || !record->settled;
      (estimate->is_interval ? marks_.interval : marks_.range) |= estimate->spread.has_value();
      const auto text = fmt::format("{}{}", record->settled ? "" : "~", format_number(estimate->value));
      if (record->status == Status::suspect) {
        row.push_back({footnotes_.mark_as(text, "suspect", record->reason), Tone::bad});
      } else {
        row.push_back({text, record->settled ? Tone::plain : Tone::warning});
      }
      row.push_back({format_spread(*estimate), Tone::faint});
      if (has_ceiling) row.push_back(ceiling_cell(grid, p, c, measure));
      if (has_gain) row.push_back(gain_cell(gain));
    } else {
      row.push_back(status_cell(record, measure));
      row.emplace_back();
      if (has_ceiling) row.emplace_back();
      if (has_gain) row.emplace_back();
    }
    if (record != nullptr) add_record(grid, p, c, *record, measure, base, estimate, gain);
  }

  Cell gain_cell(const std::optional<Gain>& gain) {
    if (!gain) return {"", Tone::strong};
    marks_.single = marks_.single || gain->single;
    return {fmt::format("{}×{}", format_number(gain->times), gain->single ? "?" : ""), Tone::strong};
  }

  Cell status_cell(const CaseRecord* record, const Measure& measure) {
    if (record == nullptr) return {};
    const std::string status(name_of(record->status));
    if (record->timed()) return {footnotes_.mark("none", measure.absent), Tone::faint, true};
    const auto tone = record->status == Status::unsupported ? Tone::faint : Tone::bad;
    return {footnotes_.mark(status, record->reason, !again_), tone, true};
  }

  std::optional<Gain> gain_over(const Grid& grid, std::size_t p, std::size_t c, const Measure& measure,
                                const std::string& base, const Estimate& estimate) {
    for (std::size_t other = 0; other < grid.contenders().size(); ++other) {
      const auto& contender = grid.contenders()[other];
      if (contender.file != grid.contenders()[c].file || contender.name != base || !comparable(grid, p, other))
        continue;
      if (const auto reference = value(grid, p, other, measure)) {
        const double quotient = estimate.value / reference->value;
        return Gain{measure.higher_is_better ? quotient : 1 / quotient,
                    other != c && (!estimate.spread || !reference->spread)};
      }
    }
    return std::nullopt;
  }

  void add_record(const Grid& grid, std::size_t p, std::size_t c, const CaseRecord& record, const Measure& measure,
                  const std::string& base, const std::optional<Estimate>& estimate, const std::optional<Gain>& gain) {
    std::vector<Value> row = {names_[grid.contenders()[c].file],
                              record.workload,
                              record.problem,
                              record.backend,
                              known(record.variant()),
                              std::string(name_of(record.status)),
                              known(record.reason),
                              record.settled,
                              static_cast<double>(record.rounds.size()),
                              measure.name,
                              measure.unit};
    if (estimate) {
      row.emplace_back(estimate->value);
      row.push_back(known(low_of(*estimate)));
      row.push_back(known(high_of(*estimate)));
      row.push_back(known(!estimate->spread ? "" : estimate->is_interval ? "interval95" : "range"));
    } else {
      row.resize(row.size() + 4);
    }
    row.push_back(known(gain ? std::optional(gain->times) : std::nullopt));
    row.push_back(known(gain ? base : std::string()));
    const auto place = place_of(grid, p, c, measure);
    row.push_back(known(place ? std::optional(place->place.fraction) : std::nullopt));
    row.push_back(known(!place ? std::string() : place->place.roof == Roof::arithmetic ? "arithmetic" : place->level));
    row.push_back(known(record.implementation));
    row.emplace_back(record.text);
    const auto& imported = files_[grid.contenders()[c].file].imported;
    row.push_back(known(imported ? imported->source : std::string()));
    document_.records.rows.push_back(std::move(row));
  }

  const std::vector<ResultFile>& files_;
  const std::vector<Measure>& measures_;
  const std::string& baseline_;
  const Shown shown_;
  const std::vector<std::string> names_;
  Document document_;
  Footnotes footnotes_;
  bool again_ = false;  // a further section of the same workload, whose failures are already counted
  Marks marks_;
};

}  // namespace

Document matrix(const std::vector<ResultFile>& files, const std::vector<Measure>& measures, const std::string& baseline,
                Shown shown) {
  return Matrix(files, measures, baseline, shown).build();
}

}  // namespace whygpu
