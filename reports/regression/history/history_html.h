// A history as a part of the report page.
#pragma once

#include <span>
#include <string>

#include "reports/regression/history/chain.h"

namespace whygpu {

// Every series as a line drawn in SVG, its changes of level marked and told. No script; every text is escaped. Empty
// when there is no series.
std::string render_history_html(std::span<const Series> all, std::span<const LevelChange> changes);

}  // namespace whygpu
