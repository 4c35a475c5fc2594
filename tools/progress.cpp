#include "tools/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/terminal.h"

namespace whygpu {
namespace {

constexpr double kLogInterval = 5;
constexpr int kBarWidth = 20;

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  return whole < 60 ? fmt::format("{} s", whole) : fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

}  // namespace

ProgressLine::ProgressLine() : terminal_(is_terminal(stderr)) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
  if (dirty_) print_message("\r\033[K");
  dirty_ = false;
}

void ProgressLine::say(const std::string& line) {
  clear();
  print_message("{}\n", line);
}

void ProgressLine::show(const Progress& p) {
  const double share = p.elapsed_seconds / std::max(1e-9, p.elapsed_seconds + p.left_seconds);
  if (terminal_) {
    const int filled = static_cast<int>(share * kBarWidth);
    std::string line = fmt::format("[{}{}] round {}, {}/{} done, about {} left  {}", std::string(filled, '#'),
                                   std::string(kBarWidth - filled, '.'), p.round, p.finished, p.cases,
                                   duration(p.left_seconds), p.case_text);
    line.resize(std::min(line.size(), static_cast<std::size_t>(terminal_columns(stderr) - 1)));
    print_message("\r\033[K{}", line);
    dirty_ = true;
  } else if (p.elapsed_seconds >= next_line_seconds_) {
    print_message("round {}, {}/{} cases done, {} elapsed, about {} left\n", p.round, p.finished, p.cases,
                  duration(p.elapsed_seconds), duration(p.left_seconds));
    next_line_seconds_ = p.elapsed_seconds + kLogInterval;
  }
}

}  // namespace whygpu
