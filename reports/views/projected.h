// What catalogued cards would take for the problems of a result file: projections beside the measured CPU, never in a
// file of facts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/catalogue/catalogue.h"
#include "reports/projection/model.h"
#include "reports/views/crossover.h"

namespace whygpu {

// The operation of a case; nullopt when the model has none for it: networks, peaks, cold operands.
std::optional<projection::Problem> projected_problem(const CaseRecord& record);

// One problem on one card. Of a card that was measured in the same file, the measured time too.
struct ProjectedCase {
  const CaseRecord* cpu = nullptr;  // the fastest CPU case of the problem
  Offload offload = Offload::kernel;
  projection::Outcome outcome;
  std::optional<double> measured_seconds;
};

// For each problem that a library solved on the CPU, in the order of the file; none for an imported file.
std::vector<ProjectedCase> project_cases(const ResultFile& file, const CatalogueDevice& card, Offload offload);

// A problem that was measured on a card, by its fastest backend, beside its projection.
struct CheckedProjection {
  const CaseRecord* record = nullptr;
  double measured_seconds = 0;
  projection::Projection projected;

  bool is_inside_band() const { return projected.low <= measured_seconds && measured_seconds <= projected.high; }
};

// In the order of the file, with the data on the card or moved each time; empty when the file did not measure the card.
std::vector<CheckedProjection> check_projections(const ResultFile& file, const CatalogueDevice& card);

// "1.20 ms", and a band as "[0.90 ms to 2.00 ms]".
std::string time_text(double seconds);
std::string band_text(const projection::Projection& projection);

// A card on one family: points are best CPU time over projected time, and their spread is the band. Families whose
// problems the model does not have are left out; gaps say why single sizes are.
std::vector<Contest> projected_contests(const ResultFile& file, const CatalogueDevice& card, Offload offload);

// Whether a backend of the file ran on the card; false for an imported file.
bool was_measured(const ResultFile& file, const CatalogueDevice& card);

// Three cards of three prices, for people who have none: affordable, workstation, data centre.
std::span<const std::string_view> typical_cards();

// One sentence for the card: from which size it is faster than the best CPU backend, by how much, with the data moved
// each time, per watt and per dollar. Empty when nothing in the file can be projected.
std::string projected_answer(const ResultFile& file, const CatalogueDevice& card, const Catalogue& catalogue);

}  // namespace whygpu
