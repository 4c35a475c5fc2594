#include "benchmarks/import/csv.h"

#include <algorithm>
#include <utility>

namespace whygpu {
namespace {

[[noreturn]] void fail(const std::string& source, std::size_t line, const std::string& what) {
  throw CsvError(source + ":" + std::to_string(line) + ": " + what);
}

// Reads one record at a time.
class Records {
 public:
  Records(std::string_view text, const std::string& source, std::size_t line)
      : rest_(text), source_(source), line_(line) {}

  // False at the end.
  bool next(CsvRow& row) {
    while (!rest_.empty() && (rest_.front() == '\n' || rest_.starts_with("\r\n"))) take_line_break();
    if (rest_.empty()) return false;
    row = {line_, {field()}};
    while (rest_.starts_with(',')) {
      rest_.remove_prefix(1);
      row.fields.push_back(field());
    }
    if (!rest_.empty()) take_line_break();
    return true;
  }

 private:
  void take_line_break() {
    rest_.remove_prefix(rest_.front() == '\r' ? 2 : 1);
    ++line_;
  }

  bool at_end_of_field() const {
    return rest_.empty() || rest_.front() == ',' || rest_.front() == '\n' || rest_.starts_with("\r\n");
  }

  std::string field() {
    if (rest_.starts_with('"')) return quoted();
    std::string text;
    for (; !at_end_of_field(); rest_.remove_prefix(1)) text += rest_.front();
    if (rest_.empty() && text.ends_with('\r')) text.pop_back();
    return text;
  }

  std::string quoted() {
    const std::size_t begin = line_;
    std::string text;
    for (rest_.remove_prefix(1);; rest_.remove_prefix(1)) {
      if (rest_.empty()) fail(source_, begin, "a quoted field does not end; expected a closing \"");
      if (rest_.starts_with("\"\"")) {
        rest_.remove_prefix(1);
      } else if (rest_.front() == '"') {
        break;
      }
      line_ += rest_.front() == '\n' ? 1 : 0;
      text += rest_.front();
    }
    rest_.remove_prefix(1);
    if (!at_end_of_field()) fail(source_, line_, "text after a closing \"; expected a comma or the end of the line");
    return text;
  }

  std::string_view rest_;
  const std::string& source_;
  std::size_t line_;
};

}  // namespace

CsvTable::CsvTable(std::string_view text, std::string source, std::size_t first_line)
    : source_(std::move(source)), first_line_(first_line) {
  Records records(text, source_, first_line);
  CsvRow row;
  if (!records.next(row)) fail(source_, first_line, "empty; expected a line that names the columns");
  first_line_ = row.line;
  columns_ = std::move(row.fields);
  while (records.next(row)) {
    if (row.fields.size() != columns_.size()) {
      fail(source_, row.line,
           std::to_string(row.fields.size()) + " fields; expected " + std::to_string(columns_.size()) + ", as line " +
               std::to_string(first_line_) + " names");
    }
    rows_.push_back(std::move(row));
  }
}

std::size_t CsvTable::index(std::string_view column) const {
  return static_cast<std::size_t>(std::ranges::find(columns_, column) - columns_.begin());
}

bool CsvTable::has(std::string_view column) const { return index(column) < columns_.size(); }

const std::string& CsvTable::operator()(const CsvRow& row, std::string_view column) const {
  const auto found = index(column);
  if (found == columns_.size())
    fail(source_, first_line_, "no column \"" + std::string(column) + "\", which is needed");
  return row.fields[found];
}

std::string CsvTable::optional(const CsvRow& row, std::string_view column) const {
  const auto found = index(column);
  return found == columns_.size() ? std::string() : row.fields[found];
}

}  // namespace whygpu
