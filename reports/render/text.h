// Text for people: numbers with the digits they deserve, and foreign strings made safe for the place where they go.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reports/results/measures.h"

namespace whygpu {

// Three significant digits, whole numbers unrounded: "0.00123", "1.23", "45.6", "789", "12345".
std::string format_number(double value);

// A size or count: "64", "8192", from a million on "2.10 M", "35.2 G".
std::string format_size(double value);

// "±1.2%" for a 95% interval, "r1.2%" for half the range of too few rounds, "" without a spread.
std::string format_spread(const Estimate& estimate);

// A duration with its unit: "12.3 µs", "4.56 s".
std::string format_duration_ns(double ns);

// "1 case", "3 cases".
std::string count_of(std::size_t count, std::string_view noun);

// Without control characters, line breaks and marks that change the direction of writing; a space stands for each run
// of them. What remains cannot steer a terminal.
std::string printable(std::string_view text);

std::string escape_markdown(std::string_view text);  // printable, and no character of it is markup
std::string escape_html(std::string_view text);      // for text and for quoted attributes
std::string quote_csv(std::string_view text);        // RFC 4180: quoted where it must be

// Columns that the text takes in a terminal, counting every code point as one.
std::size_t display_width(std::string_view text);

// At most `width` columns, the cut marked by an ellipsis.
std::string shorten(std::string_view text, std::size_t width);

// Lines of at most `width` columns, broken at spaces; a word longer than that stays whole.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace whygpu
