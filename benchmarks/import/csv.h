// Comma-separated values (RFC 4180): quoted fields may contain commas, quotes and line breaks.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace whygpu {

// what() starts with "SOURCE:LINE: ".
class CsvError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct CsvRow {
  std::size_t line = 0;  // in the source, from 1
  std::vector<std::string> fields;
};

// Rows under a first line that names their columns.
class CsvTable {
 public:
  // Empty lines are left out. `first_line`: the line number of the beginning of `text`. Throws CsvError for rows of
  // another length than the first, and for quotes that do not match.
  CsvTable(std::string_view text, std::string source, std::size_t first_line = 1);

  const std::vector<CsvRow>& rows() const { return rows_; }
  bool has(std::string_view column) const;

  // The field of a column. Throws CsvError, naming the first line, if there is no such column.
  const std::string& operator()(const CsvRow& row, std::string_view column) const;
  // Empty if there is no such column.
  std::string optional(const CsvRow& row, std::string_view column) const;

 private:
  std::size_t index(std::string_view column) const;  // columns_.size() if there is none

  std::string source_;
  std::size_t first_line_;
  std::vector<std::string> columns_;
  std::vector<CsvRow> rows_;
};

}  // namespace whygpu
