// The history as terminal text.
#pragma once

#include <cstddef>
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

}  // namespace whygpu
