// A history as terminal text, as JSON, and as a section of the report page. JSON fields: ci/README.md.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "reports/regression/history/chain.h"

namespace whygpu {

struct TerminalStyle {
  std::size_t width = 80;
  bool utf8 = true;
  bool colour = false;
};

// `values` as one line of at most `width` characters: blocks, or ASCII where the terminal has no UTF-8.
// With more values than characters, each character shows the median of its share.
std::string sparkline(std::span<const double> values, std::size_t width, bool utf8);

// Every series as a line with its range and level changes marked below.
std::string render_history_log(std::span<const Series> all, std::span<const LevelChange> changes,
                               const TerminalStyle& style);

// Each change without an acceptance, with the command that measures it again.
std::string render_history_check(std::span<const Series> all, std::span<const LevelChange> changes);

// All steps to or from a revision; `revision` may be a prefix of its hash.
std::string render_history_show(std::span<const Series> all, const std::string& revision);

// The same verdicts as on the terminal, with stable keys.
inline constexpr int kHistoryOutputSchema = 1;
nlohmann::json history_check_json(std::span<const Series> all, std::span<const LevelChange> changes);

// The contents of history_check_json(), and every level of every series.
nlohmann::json history_log_json(std::span<const Series> all, std::span<const LevelChange> changes);

// JSON lines for DuckDB, pandas and jq, one for each pair, and one for each case without pairs: flat objects that all
// have the same keys. Only cases that match `pattern`.
void export_history(const History& history, const std::string& pattern,
                    const std::function<void(const std::string& line)>& write);

// Every series as an SVG line with its level changes marked and listed. No script; all text is escaped. Empty
// without series.
std::string render_history_html(std::span<const Series> all, std::span<const LevelChange> changes);

}  // namespace whygpu
