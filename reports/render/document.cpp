#include "reports/render/document.h"

#include <charconv>
#include <cmath>
#include <stdexcept>

#include "reports/results/records.h"

namespace whygpu {

Value known(const std::string& text) {
  if (text.empty()) return {};
  return text;
}

Value known(const std::optional<double>& number) {
  if (!number) return {};
  return *number;
}

Value parameter(const CaseRecord& record, const std::string& name) {
  const std::string text = record.value(name);
  double number = 0;
  const auto end = text.data() + text.size();
  if (!text.empty() && std::from_chars(text.data(), end, number).ptr == end && std::isfinite(number)) return number;
  return known(text);
}

std::string render(const Document& document, const std::string& format, int width, bool color) {
  if (format == "terminal") return render_terminal(document, width, color);
  if (format == "markdown") return render_markdown(document);
  if (format == "csv") return render_csv(document);
  if (format == "jsonl") return render_jsonl(document);
  if (format == "json") return render_json(document);
  throw std::invalid_argument("unknown format " + format + "; available: terminal, markdown, csv, jsonl, json");
}

}  // namespace whygpu
