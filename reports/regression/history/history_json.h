// A history for programs: the same verdicts as on the terminal, under names that stay. Fields: ci/README.md.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "reports/regression/history/chain.h"

namespace whygpu {

inline constexpr int kHistoryOutputSchema = 1;

nlohmann::json history_check_json(std::span<const Series> all, std::span<const LevelChange> changes);

// What history_check_json() says, and every level of every series.
nlohmann::json history_log_json(std::span<const Series> all, std::span<const LevelChange> changes);

}  // namespace whygpu
