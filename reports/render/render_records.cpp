#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/render/document.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

std::string csv_of(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<double>(&value)) return std::isfinite(*number) ? fmt::format("{}", *number) : "";
  if (const auto* text = std::get_if<std::string>(&value)) return quote_csv(*text);
  return {};
}

nlohmann::ordered_json json_of(const Value& value) {
  return std::visit(
      [](const auto& held) -> nlohmann::ordered_json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return nullptr;
        } else {
          return held;
        }
      },
      value);
}

nlohmann::ordered_json record_of(const Document& document, const std::vector<Value>& row) {
  nlohmann::ordered_json record;
  for (std::size_t c = 0; c < row.size(); ++c) record[document.records.columns[c]] = json_of(row[c]);
  return record;
}

}  // namespace

std::string render_csv(const Document& document) {
  std::string text;
  const auto add_line = [&](const auto& cells, auto&& text_of) {
    std::vector<std::string> fields;
    for (const auto& cell : cells) fields.push_back(text_of(cell));
    text += join(fields, ",") + '\n';
  };
  add_line(document.records.columns, quote_csv);
  for (const auto& row : document.records.rows) add_line(row, csv_of);
  return text;
}

std::string render_jsonl(const Document& document) {
  std::string text;
  for (const auto& row : document.records.rows) text += record_of(document, row).dump() + '\n';
  return text;
}

std::string render_json(const Document& document) {
  nlohmann::ordered_json records = nlohmann::ordered_json::array();
  for (const auto& row : document.records.rows) records.push_back(record_of(document, row));
  return nlohmann::ordered_json{{"view", document.view}, {"records", std::move(records)}}.dump(1) + "\n";
}

}  // namespace whygpu
