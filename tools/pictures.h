// Static pictures of the charts of a page, drawn by a Chromium without a window.
#pragma once

#include <filesystem>
#include <vector>

#include "reports/catalogue/costs.h"
#include "reports/results/result_file.h"

namespace whygpu {

// Writes CHART.png, or CHART-N.png for the N-th pick of a chart, and returns their paths. Throws std::runtime_error
// saying what to install where there is no Chromium, and where the files give no chart.
std::vector<std::filesystem::path> take_pictures(const std::vector<ResultFile>& files, const PriceList& prices,
                                                 const std::filesystem::path& folder);

}  // namespace whygpu
