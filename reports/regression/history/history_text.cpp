#include "reports/regression/history/render_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/render/text.h"

namespace whygpu {
namespace {

constexpr std::array<const char*, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<const char*, 8> kAscii = {"_", ".", "-", "~", "=", "+", "*", "#"};

std::string abbreviated(const std::string& revision) { return printable(revision).substr(0, 12); }

// The column of value number `i` of `count`.
std::size_t column_of(std::size_t i, std::size_t count, std::size_t width) {
  return count <= width ? i : i * width / count;
}

std::string heading(const Series& series) {
  return fmt::format("{}  ({}, {}{})", printable(series.key.text),
                     count_of(static_cast<std::size_t>(series.key.threads), "thread"), printable(series.key.machine),
                     series.hosts > 1 ? fmt::format(", {} hosts", series.hosts) : "");
}

bool is_simulated(const Series& series) {
  return std::any_of(series.links.begin(), series.links.end(), [](const Link& link) { return link.simulated; });
}

std::string marks_below(const std::vector<Level>& levels, const SeriesKey& key, std::span<const LevelChange> changes,
                        std::size_t width) {
  std::string marks(std::min(width, levels.size()), ' ');
  std::string legend;
  for (const LevelChange& change : changes) {
    if (change.key != key) continue;
    const auto found = std::find_if(levels.begin(), levels.end(),
                                    [&](const Level& level) { return level.revision == change.first_after; });
    marks[column_of(static_cast<std::size_t>(found - levels.begin()), levels.size(), width)] = '^';
    legend += fmt::format("  {} {}{}", percent_text(change.size), abbreviated(change.first_after),
                          change.accepted ? " (accepted: " + printable(change.accepted->reason) + ")" : "");
  }
  return legend.empty() ? "" : fmt::format("  {}\n{}\n", marks, legend);
}

}  // namespace

std::string sparkline(std::span<const double> values, std::size_t width, bool utf8) {
  if (values.empty()) return {};
  std::vector<std::vector<double>> shares(std::min(width, values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) shares[column_of(i, values.size(), width)].push_back(values[i]);
  std::vector<double> shown;
  for (const auto& share : shares) shown.push_back(median(share));
  const auto [low, high] = std::minmax_element(shown.begin(), shown.end());
  std::string line;
  for (const double value : shown) {
    const double height = *high > *low ? (value - *low) / (*high - *low) : 0;
    line += (utf8 ? kBlocks : kAscii)[static_cast<std::size_t>(std::lround(height * 7))];
  }
  return line;
}

std::string render_history_log(std::span<const Series> all, std::span<const LevelChange> changes,
                               const TerminalStyle& style) {
  if (all.empty()) return "no series yet; add a comparison with: whygpu history add FILE\n";
  const std::size_t width = std::max<std::size_t>(style.width, 30) - 22;
  std::string out;
  for (const Series& series : all) {
    const auto levels = chain(series);
    std::vector<double> values;
    for (const Level& level : levels) values.push_back(level.value);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const std::string title = heading(series) + (is_simulated(series) ? "  SIMULATED" : "");
    out += (style.colour ? "\033[1m" + title + "\033[0m" : title) + "\n";
    out +=
        fmt::format("  {}  {} to {}\n", sparkline(values, width, style.utf8), percent_text(*low), percent_text(*high));
    out += marks_below(levels, series.key, changes, width);
    out += fmt::format("  {} from {} to {}\n\n", count_of(levels.size(), "revision"),
                       abbreviated(levels.front().revision), abbreviated(levels.back().revision));
  }
  return out;
}

std::string render_history_check(std::span<const Series> all, std::span<const LevelChange> changes) {
  std::string out;
  std::size_t slower = 0;
  for (const LevelChange& change : changes) {
    const bool asks = needs_attention(change);
    slower += asks;
    out += fmt::format("{} {}{}: {} since {} (p = {:.4f}{})\n", change.size > 0 ? "slower" : "faster",
                       printable(change.key.text), change.simulated ? " [SIMULATED]" : "", percent_text(change.size),
                       abbreviated(change.first_after), change.p,
                       change.accepted ? "; accepted: " + printable(change.accepted->reason) : "");
    if (asks) {
      out += fmt::format("  measure it again: whygpu gate --base {} --head {} --threads {} {}\n",
                         abbreviated(change.last_before), abbreviated(change.first_after), change.key.threads,
                         printable(change.key.text));
      out += fmt::format("  or accept it:     whygpu history accept {} --case '{}' --reason '...'\n",
                         abbreviated(change.first_after), printable(change.key.text));
    }
  }
  return out + fmt::format("{}, {} to look at\n", all.size() == 1 ? "1 series" : fmt::format("{} series", all.size()),
                           count_of(slower, "slowdown"));
}

std::string render_history_show(std::span<const Series> all, const std::string& revision) {
  std::string out;
  for (const Series& series : all) {
    for (const Link& link : series.links) {
      const bool wanted = link.head.starts_with(revision) || link.base.starts_with(revision);
      if (!wanted) continue;
      Series single{series.key, {link}};
      const Level level = chain(single).back();
      out += fmt::format(
          "{} -> {}  {:9}  {}{}, {}, {}\n  {}\n", abbreviated(link.base), abbreviated(link.head),
          ruling_name(link.ruling), percent_text(level.step),
          link.log_ratios.empty() ? " (identical code)" : fmt::format(" ± {:.2f} points", 196 * level.step_error),
          count_of(level.pairs, "pair"), printable(link.started), heading(series));
    }
  }
  return out.empty() ? fmt::format("no steps of {}\n", printable(revision)) : out;
}

}  // namespace whygpu
