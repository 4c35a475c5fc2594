// Picks of the roofline chart: one for each device and dtype of a file, that of the most cases first.
#pragma once

#include "reports/charts/series.h"

namespace whygpu {

// Roofs are those that this file measured on the device: {"label", "gflops"} or {"label", "bandwidth"} (GB/s).
nlohmann::ordered_json roofline_picks(const ChartFiles& files, SeriesNumbers& numbers);

}  // namespace whygpu
