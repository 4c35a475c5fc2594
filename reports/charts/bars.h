// Bars for what is too few points for a line.
#pragma once

#include <nlohmann/json.hpp>

namespace whygpu {

// Moves the picks of fewer than three sizes out of `picks` and returns them as picks of bars, one for each workload:
// {"label", …, "points": [{"s", "row", "y", "lo", "hi", "tip"}], "heads": [{"row", "text"}], "rows": count}.
nlohmann::ordered_json take_bars(nlohmann::ordered_json& picks);

}  // namespace whygpu
