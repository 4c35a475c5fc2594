// Projections held against measurements, for every card of the catalogue that a file measured.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/projected.h"
#include "reports/views/provenance.h"
#include "reports/views/views.h"

namespace whygpu {
namespace {

// "12 of 13 problems inside the 90% band (92%); typical error 21%; projected over measured 1.07× in the mean". Typical
// error and mean are geometric: exp of the mean |ln ratio|, less 1, and exp of the mean ln ratio.
std::string summary(const std::string& card, const std::vector<CheckedProjection>& checked) {
  std::size_t inside = 0;
  double sum = 0, absolute = 0;
  for (const auto& one : checked) {
    inside += one.is_inside_band() ? 1 : 0;
    const double log_ratio = std::log(one.projected.seconds / one.measured_seconds);
    sum += log_ratio;
    absolute += std::fabs(log_ratio);
  }
  const auto count = static_cast<double>(checked.size());
  return fmt::format(
      "{}: {} of {} inside the 90% band ({:.0f}%); typical error {:.0f}%; projected over measured {:.2f}× in the mean",
      card, inside, count_of(checked.size(), "problem"), 100 * static_cast<double>(inside) / count,
      100 * std::expm1(absolute / count), std::exp(sum / count));
}

void add_card(Document& document, const ResultFile& file, const std::string& name, const CatalogueDevice& card) {
  const auto checked = check_projections(file, card);
  if (checked.empty()) return;
  Section section{name + ": projection against measurement, " + card.name,
                  {{"problem", "", true},
                   {"data", "", true},
                   {"time", "measured", false},
                   {"by", "measured", true},
                   {"time", "projected", false},
                   {"[90% band]", "projected", false},
                   {"÷ measured", "projected", false}},
                  {},
                  {summary(card.name, checked)}};
  for (const auto& one : checked) {
    const auto& projected = one.projected;
    const bool moved = one.record->offload() == Offload::always;
    section.rows.push_back({{one.record->problem},
                            {moved ? "moved each time" : "on the card"},
                            {time_text(one.measured_seconds)},
                            {one.record->backend},
                            {time_text(projected.seconds)},
                            {band_text(projected)},
                            {format_number(projected.seconds / one.measured_seconds) + "×",
                             one.is_inside_band() ? Tone::plain : Tone::warning}});
    document.records.rows.push_back({name, one.record->problem, card.name, one.record->backend, one.measured_seconds,
                                     projected.seconds, projected.low, projected.high, one.is_inside_band()});
  }
  document.sections.push_back(std::move(section));
}

}  // namespace

Document accuracy_view(const std::vector<ResultFile>& files, const TableOptions& options) {
  Document document;
  document.records.columns = {"file",        "problem",          "card",
                              "backend",     "measured_seconds", "projected_seconds",
                              "low_seconds", "high_seconds",     "inside_band"};
  const auto names = file_names(files);
  std::vector<CatalogueDevice> cards = options.cards;
  const auto catalogue = Catalogue::standard();
  for (const auto& device : catalogue.devices()) {
    const bool known = std::ranges::any_of(cards, [&](const auto& card) { return card.name == device.name; });
    if (!known && device.kind == CatalogueKind::gpu) cards.push_back(device);
  }
  for (std::size_t f = 0; f < files.size(); ++f) {
    for (const auto& card : cards) add_card(document, files[f], names[f], card);
  }
  if (document.sections.empty()) {
    document.notes.emplace_back("no product, convolution or copy was measured on a card of the catalogue");
    return document;
  }
  document.heading = describe_files(files, names);
  document.notes.emplace_back("projected by a model of the card's nominal values that has not seen these measurements");
  return document;
}

}  // namespace whygpu
