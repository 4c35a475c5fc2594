#include "reports/render/text.h"

#include <gtest/gtest.h>

#include <limits>

namespace whygpu {
namespace {

TEST(FormatNumber, SignificantDigits) {
  const std::pair<double, const char*> known[] = {{0, "0"},         {0.000123, "0.000123"}, {0.0456, "0.0456"},
                                                  {0.9999, "1.00"}, {1.234, "1.23"},        {9.999, "10.0"},
                                                  {45.67, "45.7"},  {99.99, "100"},         {1234.5, "1234"},
                                                  {-2.5, "-2.50"},  {1e-7, "1.00e-07"},     {12345678, "12345678"}};
  for (const auto& [value, text] : known) EXPECT_EQ(format_number(value), text);
  EXPECT_EQ(format_number(std::numeric_limits<double>::infinity()), "-");
}

TEST(FormatSize, Suffixes) {
  EXPECT_EQ(format_size(64), "64");
  EXPECT_EQ(format_size(123456), "123456");
  EXPECT_EQ(format_size(2.1e6), "2.10 M");
  EXPECT_EQ(format_size(3.5e10), "35.0 G");
  EXPECT_EQ(format_size(4e12), "4.00 T");
}

TEST(FormatSpread, NamesStatistic) {
  EXPECT_EQ(format_spread({100, Interval{99, 101}, true}), "±1.0%");
  EXPECT_EQ(format_spread({100, Interval{80, 130}, false}), "r25%");
  EXPECT_EQ(format_spread({100, std::nullopt, false}), "");
  EXPECT_EQ(format_spread({1, Interval{0.1, 100}, true}), "±>999%");
}

TEST(FormatDuration, Units) {
  EXPECT_EQ(format_duration_ns(12), "12.0 ns");
  EXPECT_EQ(format_duration_ns(1234), "1.23 µs");
  EXPECT_EQ(format_duration_ns(2.5e6), "2.50 ms");
  EXPECT_EQ(format_duration_ns(3e9), "3.00 s");
}

TEST(Printable, ControlCharacters) {
  EXPECT_EQ(printable("a\033[31mred\r\nb\tc"), "a [31mred b c");
  EXPECT_EQ(printable("x\xc2\x9b"
                      "31m"),
            "x 31m");  // C1 control sequence introducer
  EXPECT_EQ(printable("ab\xe2\x80\xae"
                      "dc"),
            "ab dc");  // right-to-left override
  EXPECT_EQ(printable("µs × ± é 中"), "µs × ± é 中");
}

TEST(Escapes, RemoveMarkup) {
  EXPECT_EQ(escape_html("<script>\"'&"), "&lt;script&gt;&quot;&#39;&amp;");
  EXPECT_EQ(escape_markdown("a|b `c` <img> [x](y)\n# z"), "a\\|b \\`c\\` &lt;img> \\[x\\](y) \\# z");
  EXPECT_EQ(quote_csv("a,\"b\""), "\"a,\"\"b\"\"\"");
  EXPECT_EQ(quote_csv("plain"), "plain");
  EXPECT_EQ(quote_csv("a\033[31mred\r\n"), "a [31mred");
  EXPECT_EQ(quote_csv("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");  // not a formula in a spreadsheet
  EXPECT_EQ(quote_csv("-1"), "'-1");
}

TEST(Widths, CountCodePoints) {
  EXPECT_EQ(display_width("±1.2%"), 5U);
  EXPECT_EQ(shorten("±1.2% and more", 5), "±1.2…");
  EXPECT_EQ(shorten("short", 5), "short");
}

TEST(Wrap, BreaksAtSpaces) {
  EXPECT_EQ(wrap("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap("unbreakable", 4), std::vector<std::string>{"unbreakable"});
  EXPECT_EQ(wrap("", 4), std::vector<std::string>{""});
}

}  // namespace
}  // namespace whygpu
