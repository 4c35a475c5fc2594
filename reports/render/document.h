// What a report says, before it is decided how it looks: sections of rows for people, records for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace whygpu {

enum class Tone : std::uint8_t { plain, strong, faint, warning, bad };

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
  bool spans_group = false;  // takes the place of every column of its group; the cells after it in the group are empty
};

struct Column {
  std::string name;
  std::string group;        // columns of one group stay side by side under its name; empty: a label of the row
  bool align_left = false;  // numbers are aligned right
};

struct Section {
  std::string title;
  std::vector<Column> columns;  // the labels first
  std::vector<std::vector<Cell>> rows;
  std::vector<std::string> notes;
};

// One flat table with named, unrounded values; null where there is no value.
using Value = std::variant<std::monostate, bool, double, std::string>;
Value known(const std::string& text);  // null when empty
Value known(const std::optional<double>& number);

struct Records {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
};

struct Document {
  std::string view;
  std::vector<std::string> heading;
  std::vector<Section> sections;
  std::vector<std::string> notes;
  Records records;
};

// `format` is terminal, markdown, csv or json; throws std::invalid_argument naming them. Width and colour are the
// terminal's.
std::string render(const Document& document, const std::string& format, int width, bool color);

// `width` columns at most where the labels leave room; groups of columns that do not fit go below.
std::string render_terminal(const Document& document, int width, bool color);
std::string render_markdown(const Document& document);
std::string render_csv(const Document& document);   // the records, with a header line
std::string render_json(const Document& document);  // {"view": …, "records": [{column: value, …}, …]}

}  // namespace whygpu
