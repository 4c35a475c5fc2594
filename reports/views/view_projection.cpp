// Projected times of cards beside the measured CPU.
#include <fmt/format.h>

#include "reports/render/footnotes.h"
#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/projected.h"
#include "reports/views/provenance.h"
#include "reports/views/views.h"

namespace whygpu {
namespace {

using projection::NotProjected;
using projection::Projection;

std::string span(double low, double high) { return format_number(low) + " to " + format_number(high); }

class ProjectionView {
 public:
  explicit ProjectionView(std::span<const CatalogueDevice> cards) : cards_(cards) {
    document_.records.columns = {"file",        "problem",      "offload",         "card",      "projected_seconds",
                                 "low_seconds", "high_seconds", "limit",           "algorithm", "why_not",
                                 "cpu_backend", "cpu_seconds",  "measured_seconds"};
  }

  void add(const ResultFile& file, const std::string& name) {
    if (file.imported) {
      document_.notes.push_back(name + ": " + describe_import(file) + "; not projected");
      return;
    }
    add_crossovers(file, name);
    for (const auto& card : cards_) add_cases(file, name, card);
  }

  Document take(std::vector<std::string> heading) {
    if (document_.sections.empty()) {
      document_.notes.emplace_back(
          "nothing to project: no product, convolution or copy was measured here with a library on a CPU");
      return std::move(document_);
    }
    document_.heading = std::move(heading);
    document_.notes.emplace_back(
        "projected: by a model of the card's nominal values, not measured; [90% band] (reports/README.md has its "
        "errors)");
    document_.notes.emplace_back(
        "faster: the whole band is above 1× the best CPU backend, at this and every larger measured size; data: on the "
        "card, or "
        "moved there and back each time");
    return std::move(document_);
  }

 private:
  // A section for each card.
  void add_crossovers(const ResultFile& file, const std::string& name) {
    for (const auto& card : cards_) {
      if (was_measured(file, card)) {
        document_.notes.push_back(card.name + " was measured in this file: see the view crossover");
        continue;
      }
      Section section{
          name + ": projected for " + card.name + ", from which size on it is faster than the best CPU backend",
          {{"workload", "", true},
           {"sizes", "", true},
           {"data", "", true},
           {"faster", "", true},
           {"at largest", "", false},
           {"[90% band]", "", false, 1}},
          {},
          {}};
      for (const auto offload : {Offload::kernel, Offload::always}) {
        for (const auto& contest : projected_contests(file, card, offload)) section.rows.push_back(row_of(contest));
      }
      if (!section.rows.empty()) document_.sections.push_back(std::move(section));
    }
  }

  static std::vector<Cell> row_of(const Contest& contest) {
    const auto& family = contest.family;
    std::vector<std::string> what{family.workload}, sizes{family.size_name};
    for (const auto* part : {&family.dtype, &family.settings}) {
      if (!part->empty()) what.push_back(*part);
    }
    if (!family.fixed.empty()) sizes.push_back(family.fixed);
    const auto& last = contest.points.back();
    const bool moved = contest.data_path.offload == Offload::always;
    const bool undecided = contest.crossover.kind == CrossoverKind::undecided;
    return {{join(what, " ")},
            {join(sizes, " ")},
            {moved ? "moved" : "on the card"},
            {undecided ? "undecided at " + format_size(last.size) : describe(contest),
             contest.crossover.from ? Tone::strong : Tone::faint},
            {format_number(last.factor.value) + "×"},
            {"[" + span(last.factor.low(), last.factor.high()) + "]"}};
  }

  void add_cases(const ResultFile& file, const std::string& name, const CatalogueDevice& card) {
    const bool measured = was_measured(file, card);
    Section section{name + ": projected for " + card.name,
                    {{"problem", "", true},
                     {"CPU", "measured", false},
                     {"by", "measured", true, 3},
                     {"time", "projected", false},
                     {"[90% band]", "projected", false, 1},
                     {"limit", "projected", true, 2},
                     {"× CPU", "projected", false}},
                    {},
                    {}};
    if (measured) section.columns.push_back({"time here", "measured", false});
    Footnotes footnotes;
    for (const auto offload : {Offload::kernel, Offload::always}) {
      for (const auto& one : project_cases(file, card, offload)) {
        add_record(name, card, one);
        if (offload == Offload::kernel) section.rows.push_back(cells_of(one, measured, footnotes));
      }
    }
    section.notes = footnotes.lines();
    if (!section.rows.empty()) document_.sections.push_back(std::move(section));
  }

  static std::vector<Cell> cells_of(const ProjectedCase& one, bool measured, Footnotes& footnotes) {
    const double cpu = time_ns(*one.cpu)->value / 1e9;
    std::vector<Cell> cells{{one.cpu->problem}, {time_text(cpu)}, {one.cpu->backend}};
    if (const auto* none = std::get_if<NotProjected>(&one.outcome)) {
      cells.push_back({footnotes.mark_as("n/a", "not projected", none->reason), Tone::faint, true});
      cells.insert(cells.end(), {{}, {}, {}});
    } else {
      const auto& projected = std::get<Projection>(one.outcome);
      const bool faster = projection::is_faster(projected, cpu).value_or(false);
      cells.push_back({time_text(projected.seconds)});
      cells.push_back({band_text(projected)});
      cells.push_back({projected.limit});
      cells.push_back({format_number(cpu / projected.seconds) + "×", faster ? Tone::strong : Tone::plain});
    }
    if (measured) cells.push_back({one.measured_seconds ? time_text(*one.measured_seconds) : ""});
    return cells;
  }

  void add_record(const std::string& name, const CatalogueDevice& card, const ProjectedCase& one) {
    const auto* projected = std::get_if<Projection>(&one.outcome);
    const auto* none = std::get_if<NotProjected>(&one.outcome);
    const auto number = [&](double Projection::*field) { return projected ? Value(projected->*field) : Value(); };
    document_.records.rows.push_back({name, one.cpu->problem, std::string(name_of(one.offload)), card.name,
                                      number(&Projection::seconds), number(&Projection::low), number(&Projection::high),
                                      known(projected ? projected->limit : ""),
                                      known(projected ? projected->algorithm : ""), known(none ? none->reason : ""),
                                      one.cpu->backend, time_ns(*one.cpu)->value / 1e9, known(one.measured_seconds)});
  }

  std::span<const CatalogueDevice> cards_;
  Document document_;
};

}  // namespace

Document projection_view(const std::vector<ResultFile>& files, const TableOptions& options) {
  ProjectionView view(options.cards);
  const auto names = file_names(files);
  if (!options.cards.empty()) {
    for (std::size_t f = 0; f < files.size(); ++f) view.add(files[f], names[f]);
  }
  return view.take(describe_files(files, names));
}

}  // namespace whygpu
