// The charts of a page: for each, its specification and the data of every pick.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "reports/catalogue/catalogue.h"
#include "reports/results/result_file.h"
#include "reports/views/crossover.h"

namespace whygpu {

// A list of non-empty charts:
//   {"id", "spec", "title", "about", "picks": [{"label", "x_title", "y_title", "x_format", "series": [[number, name]],
//    "points": [{"s": series, "x", "y", "lo", "hi", "settled", "tip": text}], "rules": […]}]}
// Contains only measured data: no energy chart without a meter, no roof without a ceiling. The chart "projection" alone
// is of `cards` that a file did not measure; its points have "projected": true.
nlohmann::ordered_json chart_data(const std::vector<ResultFile>& files, const PriceList& prices,
                                  std::span<const CatalogueDevice> cards = {});

}  // namespace whygpu
