#include "reports/views/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <stdexcept>

#include "reports/render/footnotes.h"
#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/matrix_notes.h"
#include "reports/views/provenance.h"

namespace whygpu {
namespace {

constexpr std::string_view kPreferredBaseline = "openblas";

class Matrix {
 public:
  Matrix(const std::vector<ResultFile>& files, const std::vector<Measure>& measures, const std::string& baseline,
         Shown shown)
      : files_(files), measures_(measures), baseline_(baseline), shown_(shown), names_(file_names(files)) {}

  Document build() {
    check_baseline();
    document_.heading = describe_files(files_, names_);
    document_.records.columns = {
        "file",         "workload",       "problem", "backend",   "variant",  "status",
        "reason",       "settled",        "rounds",  "measure",   "unit",     "value",
        "low",          "high",           "spread",  "speedup",   "baseline", "ceiling_fraction",
        "ceiling_roof", "implementation", "case",    "published", "time_ns",  "time_low_ns",
        "time_high_ns"};
    append(document_.records.columns, parameters_);
    for (const auto& workload : workloads_of(files_)) add_workload(workload);
    append(document_.notes, marks_.lines());
    append(document_.notes, footnotes_.lines());
    for (std::size_t f = 0; f < files_.size(); ++f) {
      for (const auto& line : describe_backends(files_[f])) document_.notes.push_back(prefix(f) + line);
    }
    append(document_.notes, fastest_);
    append(document_.notes, closing_lines(files_));
    return std::move(document_);
  }

 private:
  struct Gain {
    double times = 1;
    bool single = false;    // one of the two has a single round
    bool unusable = false;  // one of the two has a spread that says nothing
  };

  static void append(std::vector<std::string>& to, const std::vector<std::string>& lines) {
    to.insert(to.end(), lines.begin(), lines.end());
  }

  // Prefix of names when there are several files.
  std::string prefix(std::size_t file) const { return files_.size() > 1 ? names_[file] + " " : std::string(); }

  std::string column_name(const Contender& contender) const {
    return (several_files_ ? names_[contender.file] + " " : std::string()) + contender.name;
  }

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

  // The preferred contender, else the first that has values.
  std::string choose_baseline(const Grid& grid, const Measure& measure) {
    std::vector<std::string> names;
    for (std::size_t c = 0; c < grid.contenders().size(); ++c) {
      const auto& name = grid.contenders()[c].name;
      const bool solved = any(
          grid, [&](auto p, auto other) { return other == c && comparable(grid, p, c) && value(grid, p, c, measure); });
      if (solved && std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    const bool several = grid.contenders().size() > 1 && !names.empty();
    if (!several) return {};
    return std::ranges::find(names, kPreferredBaseline) != names.end() ? std::string(kPreferredBaseline)
                                                                       : names.front();
  }

  // By contender, whether its value at the problem is the best of its file, or its spread overlaps the best's. All
  // false where there is nothing to compare.
  std::vector<bool> fastest_at(const Grid& grid, std::size_t p, const Measure& measure) {
    const auto sign = measure.higher_is_better ? 1 : -1;
    std::vector<std::optional<Estimate>> values;
    std::map<std::size_t, std::vector<Estimate>> of_file;
    for (std::size_t c = 0; c < grid.contenders().size(); ++c) {
      values.push_back(comparable(grid, p, c) ? value(grid, p, c, measure) : std::nullopt);
      if (values[c]) of_file[grid.contenders()[c].file].push_back(*values[c]);
    }
    std::vector<bool> fastest(values.size());
    for (std::size_t c = 0; c < values.size(); ++c) {
      const auto& rivals = of_file[grid.contenders()[c].file];
      if (!values[c] || rivals.size() < 2) continue;
      const auto best = std::ranges::max(rivals, {}, [&](const Estimate& one) { return sign * one.value; });
      fastest[c] = measure.higher_is_better ? values[c]->high() >= best.low() : values[c]->low() <= best.high();
    }
    return fastest;
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

  // Problems of different files are sections of their own, so that no row is mostly blank.
  void add_workload(const std::string& workload) {
    for (const auto& grid : Grid::split_by_files(files_, workload)) add_grid(workload, grid);
    if (const auto line = fastest_of_workload_.line(workload); !line.empty()) fastest_.push_back(line);
    fastest_of_workload_ = {};
  }

  void add_grid(const std::string& workload, const Grid& grid) {
    several_files_ = grid.files().size() > 1;
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
    const bool spreads = any(grid, [&](auto p, auto c) {
      const auto estimate = value(grid, p, c, measure);
      return estimate && estimate->spread;
    });
    Section section;
    const auto first_file = *grid.files().begin();
    section.title = fmt::format("{}{} {}", files_.size() > 1 && !several_files_ ? names_[first_file] + ": " : "",
                                workload, grid.shared_values());
    for (std::size_t v = 0; v < grid.varying().size(); ++v) {
      section.columns.push_back({grid.varying()[v], "", !grid.is_numeric(v)});
    }
    if (grid.varying().empty()) section.columns.push_back({"problem", "", true});
    for (const auto& contender : grid.contenders()) {
      const bool imported = is_imported(contender);
      const auto group = column_name(contender) + (imported ? " (published)" : "");
      section.columns.push_back({measure.unit, group});
      if (spreads) section.columns.push_back({"±", group, false, 1});
      if (ceilings && !imported) section.columns.push_back({"ceiling", group, false, 2});
      if (compared && !imported && contender.name != base) section.columns.push_back({"×", group});
    }
    for (std::size_t p = 0; p < grid.problems().size(); ++p) {
      auto& row = section.rows.emplace_back();
      for (std::size_t v = 0; v < grid.varying().size(); ++v) row.push_back({grid.value(p, v)});
      if (grid.varying().empty()) row.push_back({grid.problems()[p]});
      const auto best = fastest_at(grid, p, measure);
      const bool compared_here = std::ranges::find(best, true) != best.end();
      if (compared_here && !again_) ++fastest_of_workload_.problems;
      for (std::size_t c = 0; c < grid.contenders().size(); ++c) {
        if (best[c] && !again_)
          ++fastest_of_workload_.wins[prefix(grid.contenders()[c].file) + grid.contenders()[c].name];
        add_cells(grid, p, c, measure, {base, spreads, ceilings, best[c]}, row);
      }
    }
    if (compared) {
      section.notes.push_back(
          fmt::format("× is the {} over {}{}", measure.gain, base, several_files_ ? ", inside each file" : ""));
    }
    document_.sections.push_back(std::move(section));
  }

  struct CellParts {
    std::string base;  // empty: nothing is compared
    bool spreads = false, ceilings = false;
    bool fastest = false;
  };

  void add_cells(const Grid& grid, std::size_t p, std::size_t c, const Measure& measure, const CellParts& parts,
                 std::vector<Cell>& row) {
    const std::string& base = parts.base;
    const auto* record = grid.at(p, c);
    const bool imported = is_imported(grid.contenders()[c]);
    const bool has_ceiling = parts.ceilings && !imported;
    const bool has_gain = !base.empty() && !imported && grid.contenders()[c].name != base;
    const auto estimate = value(grid, p, c, measure);
    const auto gain = estimate && !base.empty() && comparable(grid, p, c)
                          ? gain_over(grid, p, c, measure, base, *estimate)
                          : std::nullopt;
    if (estimate) {
      const bool rough = estimate->relative_half_width().value_or(0) > kRough;
      marks_.rough = marks_.rough || rough;
      marks_.fastest = marks_.fastest || parts.fastest;
      (estimate->is_interval ? marks_.interval : marks_.range) |= estimate->spread.has_value();
      const auto text = fmt::format("{}{}{}", parts.fastest ? "*" : "", rough ? "~" : "", format_value(*estimate));
      if (record->status == Status::suspect) {
        row.push_back({footnotes_.mark_as(text, "suspect", record->reason), Tone::bad});
      } else {
        row.push_back({text, parts.fastest ? Tone::best : rough ? Tone::warning : Tone::plain});
      }
      if (parts.spreads) row.push_back({format_spread(*estimate), Tone::faint});
      if (has_ceiling) row.push_back(ceiling_cell(grid, p, c, measure));
      if (has_gain) row.push_back(gain_cell(gain));
    } else {
      row.push_back(status_cell(record, measure));
      row.resize(row.size() + (parts.spreads ? 1 : 0) + (has_ceiling ? 1 : 0) + (has_gain ? 1 : 0));
    }
    if (record != nullptr) add_record(grid, p, c, *record, measure, base, estimate, gain);
  }

  Cell gain_cell(const std::optional<Gain>& gain) {
    if (!gain) return {};
    if (gain->unusable) {
      return {footnotes_.mark_as("-", "no ratio", "a spread of more than ±50% of the value says nothing"), Tone::faint};
    }
    marks_.single = marks_.single || gain->single;
    return {fmt::format("{}×{}", format_number(gain->times), gain->single ? "?" : "")};
  }

  Cell status_cell(const CaseRecord* record, const Measure& measure) {
    if (record == nullptr) return {};
    if (record->timed()) return {footnotes_.mark("none", measure.absent), Tone::faint, true};
    const auto [word, subject, reason] = words_of(*record);
    const auto tone = record->status == Status::unsupported ? Tone::faint : Tone::bad;
    return {footnotes_.mark_as(word, subject, reason, !again_), tone, true};
  }

  // The word in the cell of a case without times; the subject and reason of its footnote.
  static std::array<std::string, 3> words_of(const CaseRecord& record) {
    const std::string status(name_of(record.status));
    if (record.reason.starts_with(kSkipped)) return {"skipped", "skipped", record.reason.substr(kSkipped.size())};
    if (record.reason.starts_with(kNotReached)) return {"not run", "not run", record.reason.substr(kNotReached.size())};
    return {record.status == Status::unsupported ? "n/a" : status, status, record.reason};
  }

  std::optional<Gain> gain_over(const Grid& grid, std::size_t p, std::size_t c, const Measure& measure,
                                const std::string& base, const Estimate& estimate) {
    for (std::size_t other = 0; other < grid.contenders().size(); ++other) {
      const auto& contender = grid.contenders()[other];
      if (contender.file != grid.contenders()[c].file || contender.name != base || !comparable(grid, p, other))
        continue;
      if (const auto reference = value(grid, p, other, measure)) {
        const double quotient = estimate.value / reference->value;
        const auto half_width = [](const Estimate& one) { return one.relative_half_width().value_or(0); };
        return Gain{measure.higher_is_better ? quotient : 1 / quotient,
                    other != c && (!estimate.spread || !reference->spread),
                    other != c && std::max(half_width(estimate), half_width(*reference)) > kUnusable};
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
    const bool has_gain = gain && !gain->unusable;
    row.push_back(known(has_gain ? std::optional(gain->times) : std::nullopt));
    row.push_back(known(has_gain ? base : std::string()));
    const auto place = place_of(grid, p, c, measure);
    row.push_back(known(place ? std::optional(place->place.fraction) : std::nullopt));
    row.push_back(known(!place ? std::string() : place->place.roof == Roof::arithmetic ? "arithmetic" : place->level));
    row.push_back(known(record.implementation));
    row.emplace_back(record.text);
    const auto& imported = files_[grid.contenders()[c].file].imported;
    row.push_back(known(imported ? imported->source : std::string()));
    const auto time = time_ns(record);
    row.push_back(known(time ? std::optional(time->value) : std::nullopt));
    row.push_back(known(time ? low_of(*time) : std::nullopt));
    row.push_back(known(time ? high_of(*time) : std::nullopt));
    for (const auto& name : parameters_) row.push_back(parameter(record, name));
    document_.records.rows.push_back(std::move(row));
  }

  const std::vector<ResultFile>& files_;
  const std::vector<Measure>& measures_;
  const std::string& baseline_;
  const Shown shown_;
  const std::vector<std::string> names_, parameters_ = parameters_of(files_);
  Document document_;
  Footnotes footnotes_;
  Fastest fastest_of_workload_;
  std::vector<std::string> fastest_;  // a line for each workload
  bool several_files_ = false;        // in the grid that is being added
  bool again_ = false;                // a further section of the same workload, whose failures are already counted
  Marks marks_;
};

}  // namespace

Document matrix(const std::vector<ResultFile>& files, const std::vector<Measure>& measures, const std::string& baseline,
                Shown shown) {
  return Matrix(files, measures, baseline, shown).build();
}

}  // namespace whygpu
