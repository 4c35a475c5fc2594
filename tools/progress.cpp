#include "tools/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/render/text.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

constexpr std::chrono::seconds kLogInterval{5};
constexpr std::size_t kBarWidth = 20;

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

void ProgressLine::update(const std::string& line) {
  const auto now = std::chrono::steady_clock::now();
  if (terminal_) {
    print_message("\r\033[K{}", line.substr(0, static_cast<std::size_t>(terminal_columns(stderr) - 1)));
    dirty_ = true;
  } else if (now >= next_line_) {
    print_message("{}\n", line);
    next_line_ = now + kLogInterval;
  }
}

void ProgressLine::show(const Progress& p) {
  const double share = p.elapsed_seconds / std::max(1e-9, p.elapsed_seconds + p.left_seconds);
  const std::string counts =
      fmt::format("round {}, {} of {} measured, {} settled", p.round, p.measured, count_of(p.cases, "case"), p.settled);
  if (terminal_) {
    const auto filled = static_cast<std::size_t>(share * kBarWidth);
    update(fmt::format("[{}{}] {}, about {} left  {}", std::string(filled, '#'), std::string(kBarWidth - filled, '.'),
                       counts, duration(p.left_seconds), p.case_text));
  } else {
    update(fmt::format("{}, {} elapsed, about {} left", counts, duration(p.elapsed_seconds), duration(p.left_seconds)));
  }
}

}  // namespace whygpu
