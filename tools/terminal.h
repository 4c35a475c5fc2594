// Terminal capabilities and styles.
#pragma once

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace whygpu {

inline constexpr int kUnlimitedColumns = 100'000;

// Prints to standard error. A message that cannot be written, because the disk of a log is full, ends no measurement.
template <class... Values>
void print_message(fmt::format_string<Values...> format, Values&&... values) {
  std::fputs(fmt::format(format, std::forward<Values>(values)...).c_str(), stderr);
}

inline bool is_terminal(FILE* stream) { return isatty(fileno(stream)) != 0; }

// The width of a terminal; of other output what COLUMNS says, else `otherwise`.
inline int terminal_columns(FILE* stream, int otherwise = kUnlimitedColumns) {
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const int given = columns == nullptr ? 0 : std::atoi(columns);
  return given > 0 ? std::min(given, kUnlimitedColumns) : otherwise;
}

// Colour only on a terminal that has it, and not if NO_COLOR is set (no-color.org).
inline bool use_colour(FILE* stream) {
  const char *no_color = std::getenv("NO_COLOR"), *terminal = std::getenv("TERM");
  if (terminal == nullptr || std::string_view(terminal) == "dumb") return false;
  return is_terminal(stream) && (no_color == nullptr || *no_color == '\0');
}

// `text` in an SGR style such as "1" (bold) or "31" (red), if colour is used.
inline std::string styled(const std::string& text, const char* style, bool colour) {
  return colour ? std::string("\033[") + style + "m" + text + "\033[0m" : text;
}

}  // namespace whygpu
