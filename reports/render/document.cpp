#include "reports/render/document.h"

#include <stdexcept>

namespace whygpu {

Value known(const std::string& text) {
  if (text.empty()) return {};
  return text;
}

Value known(const std::optional<double>& number) {
  if (!number) return {};
  return *number;
}

std::string render(const Document& document, const std::string& format, int width, bool color) {
  if (format == "terminal") return render_terminal(document, width, color);
  if (format == "markdown") return render_markdown(document);
  if (format == "csv") return render_csv(document);
  if (format == "json") return render_json(document);
  throw std::invalid_argument("unknown format " + format + "; available: terminal, markdown, csv, json");
}

}  // namespace whygpu
