// A history in words and lines of the terminal.
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

// `values` as one line of at most `width` characters, low to high: blocks, or ASCII where the terminal has no UTF-8.
// When there are more values than characters, each character shows the median of its share.
std::string sparkline(std::span<const double> values, std::size_t width, bool utf8);

// Every series as a line with its range, changes of level marked below.
std::string render_history_log(std::span<const Series> all, std::span<const LevelChange> changes,
                               const TerminalStyle& style);

// What a reader should do: each change that nobody accepted, with the command that measures it again.
std::string render_history_check(std::span<const Series> all, std::span<const LevelChange> changes);

// Everything known of the steps to (or from) a revision; `revision` may be the beginning of its hash.
std::string render_history_show(std::span<const Series> all, const std::string& revision);

}  // namespace whygpu
