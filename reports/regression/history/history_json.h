// The history as JSON: the same verdicts as on the terminal, with stable keys. Fields: ci/README.md.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "reports/regression/history/chain.h"

namespace whygpu {

inline constexpr int kHistoryOutputSchema = 1;

nlohmann::json history_check_json(std::span<const Series> all, std::span<const LevelChange> changes);

// The contents of history_check_json(), and every level of every series.
nlohmann::json history_log_json(std::span<const Series> all, std::span<const LevelChange> changes);

}  // namespace whygpu
