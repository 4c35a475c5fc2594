// Format-independent report model: sections of rows for people, records for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace whygpu {

enum class Tone : std::uint8_t { plain, strong, faint, warning, bad, best };

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
  bool spans_group = false;  // spans all columns of its group; the following cells of the group are empty
};

struct Column {
  std::string name;
  std::string group;        // columns of a group stay side by side under its name; empty: a row label
  bool align_left = false;  // numbers are right-aligned
  int detail = 0;           // left out where a terminal is too narrow, the highest first; 0: never
};

struct Section {
  std::string title;
  std::vector<Column> columns;  // labels first
  std::vector<std::vector<Cell>> rows;
  std::vector<std::string> notes;
};

// A flat table of named, unrounded values; null where there is no value.
using Value = std::variant<std::monostate, bool, double, std::string>;
Value known(const std::string& text);  // null when empty
Value known(const std::optional<double>& number);

struct CaseRecord;
// A parameter of a case as a value: a number where it is one; null when the case has no such parameter.
Value parameter(const CaseRecord& record, const std::string& name);

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

// `format` is terminal, markdown, csv, jsonl or json, else std::invalid_argument. Width and colour apply to the
// terminal.
std::string render(const Document& document, const std::string& format, int width, bool color);

// At most `width` columns if the labels leave room: details are left out first, then column groups that do not fit are
// placed below.
std::string render_terminal(const Document& document, int width, bool color);
std::string render_markdown(const Document& document);
std::string render_csv(const Document& document);    // the records, with a header line
std::string render_jsonl(const Document& document);  // a record a line
std::string render_json(const Document& document);   // {"view": …, "records": [{column: value, …}, …]}

}  // namespace whygpu
