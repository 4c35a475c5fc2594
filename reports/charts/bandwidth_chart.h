// Picks of the chart of memory bandwidth over the footprint.
#pragma once

#include <span>

#include "reports/charts/series.h"

namespace whygpu {

// One for each family of the memory workload, or that counts no FLOPs. A rule of a cache level covers the footprints
// that fit into it; "marks" are the capacities: [{"x": bytes, "label"}, …].
nlohmann::ordered_json bandwidth_picks(const ChartFiles& files, std::span<const Family> families,
                                       SeriesNumbers& numbers);

}  // namespace whygpu
