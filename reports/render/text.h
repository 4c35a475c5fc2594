// Text for people: formatted numbers, and untrusted strings escaped for their output.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reports/results/measures.h"

namespace whygpu {

// Three significant digits, integers unrounded: "0.00123", "1.23", "45.6", "789", "12345".
std::string format_number(double value);

// The value with the digits that its spread bears: three, two beyond ±10%, one beyond ±50%.
std::string format_value(const Estimate& estimate);

// A size or count: "64", "8192", from one million "2.10 M", "35.2 G".
std::string format_size(double value);

// "±1.2%" for a 95% interval, "r1.2%" for half the range of too few rounds, "" without a spread.
std::string format_spread(const Estimate& estimate);

// A duration with its unit: "12.3 µs", "4.56 s".
std::string format_duration_ns(double ns);

// "1 case", "3 cases".
std::string count_of(std::size_t count, std::string_view noun);

// Replaces each run of control characters, line breaks and marks that change the text direction with a space, so the
// result cannot control a terminal.
std::string printable(std::string_view text);

std::string escape_markdown(std::string_view text);  // printable, without markup
std::string escape_html(std::string_view text);      // for text and for quoted attributes
std::string quote_csv(std::string_view text);  // RFC 4180: printable, quoted where necessary, and never a formula for a
                                               // spreadsheet

// Terminal columns of the text, counting every code point as one.
std::size_t display_width(std::string_view text);

// Truncates to at most `width` columns, marked by an ellipsis.
std::string shorten(std::string_view text, std::size_t width);

// Lines of at most `width` columns, broken at spaces; longer words are not broken.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace whygpu
