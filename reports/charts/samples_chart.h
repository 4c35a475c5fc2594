// Picks of the chart of samples: every case's times, round by round.
#pragma once

#include "reports/charts/series.h"

namespace whygpu {

// {"label", "note", "unit", "rounds": [[time, …], …]}; cases whose times fall into two groups come first, then those of
// the widest spread. Long rounds are thinned, and of many cases the first are kept: the number of times on a page is
// bounded.
nlohmann::ordered_json sample_picks(const ChartFiles& files);

}  // namespace whygpu
