// Measures of claims for a card that was not measured: values of a model, with a band.
#pragma once

#include <optional>
#include <string>

#include "reports/catalogue/catalogue.h"
#include "reports/claims/claims.h"

namespace whygpu {

struct ProjectedMeasure {
  double low = 0, high = 0;  // 90% band
  std::string evidence;
};

// nullopt when the model has nothing for the measure `name` (claim_measures.h) and this file.
std::optional<ProjectedMeasure> projected_measure(const std::string& name, const ResultFile& file,
                                                  const CatalogueDevice& card, const ClaimSettings& settings);

}  // namespace whygpu
