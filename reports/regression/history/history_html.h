// The history section of the report page.
#pragma once

#include <span>
#include <string>

#include "reports/regression/history/chain.h"

namespace whygpu {

// Every series as an SVG line with its level changes marked and listed. No script; all text is escaped. Empty
// without series.
std::string render_history_html(std::span<const Series> all, std::span<const LevelChange> changes);

}  // namespace whygpu
