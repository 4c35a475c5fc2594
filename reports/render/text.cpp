#include "reports/render/text.h"

#include <fmt/format.h>

#include <cmath>

namespace whygpu {
namespace {

// Length in bytes of the control character or direction mark at the start of `text`; 0 when there is none.
std::size_t unprintable_prefix(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0) return 2;  // C1 controls
  if (byte(0) == 0xd8 && byte(1) == 0x9c) return 2;                    // U+061C
  if (byte(0) == 0xe2 && byte(1) == 0x80) {                            // U+200B..F, U+2028..E
    return (byte(2) >= 0x8b && byte(2) <= 0x8f) || (byte(2) >= 0xa8 && byte(2) <= 0xae) ? 3 : 0;
  }
  if (byte(0) == 0xe2 && byte(1) == 0x81) return byte(2) >= 0xa6 && byte(2) <= 0xa9 ? 3 : 0;  // U+2066..9
  return 0;
}

bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

}  // namespace

std::string format_value(const Estimate& estimate) {
  const double half = estimate.relative_half_width().value_or(0);
  if (half <= kRough || !std::isfinite(estimate.value) || estimate.value == 0) return format_number(estimate.value);
  const int digits = half <= kUnusable ? 2 : 1;
  const double unit = std::pow(10.0, std::floor(std::log10(std::fabs(estimate.value))) - digits + 1);
  const double rounded = std::round(estimate.value / unit) * unit;
  const int decimals = std::max(0, digits - 1 - static_cast<int>(std::floor(std::log10(std::fabs(rounded)) + 1e-9)));
  return fmt::format("{:.{}f}", rounded, decimals);
}

std::string format_number(double value) {
  if (!std::isfinite(value)) return "-";
  const double magnitude = std::fabs(value);
  if (magnitude == 0) return "0";
  if (magnitude >= 99.95) return fmt::format("{:.0f}", value);
  if (magnitude >= 9.995) return fmt::format("{:.1f}", value);
  if (magnitude >= 0.9995) return fmt::format("{:.2f}", value);
  if (magnitude >= 1e-4) return fmt::format("{:.{}f}", value, 2 - static_cast<int>(std::floor(std::log10(magnitude))));
  return fmt::format("{:.2e}", value);
}

std::string format_size(double value) {
  if (value < 1e6) return fmt::format("{:.15g}", value);
  if (value < 1e9) return format_number(value / 1e6) + " M";
  if (value < 1e12) return format_number(value / 1e9) + " G";
  return format_number(value / 1e12) + " T";
}

std::string format_spread(const Estimate& estimate) {
  const auto half = estimate.relative_half_width();
  if (!half) return {};
  const char* mark = estimate.is_interval ? "±" : "r";
  const double percent = *half * 100;
  if (percent > 999) return fmt::format("{}>999%", mark);
  return percent >= 9.95 ? fmt::format("{}{:.0f}%", mark, percent) : fmt::format("{}{:.1f}%", mark, percent);
}

std::string format_duration_ns(double ns) {
  if (ns < 1e3) return format_number(ns) + " ns";
  if (ns < 1e6) return format_number(ns / 1e3) + " µs";
  if (ns < 1e9) return format_number(ns / 1e6) + " ms";
  return format_number(ns / 1e9) + " s";
}

std::string count_of(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string printable(std::string_view text) {
  std::string result;
  bool gap = false;
  while (!text.empty()) {
    if (const auto skip = unprintable_prefix(text)) {
      gap = true;
      text.remove_prefix(skip);
      continue;
    }
    if (gap && !result.empty() && result.back() != ' ' && text.front() != ' ') result += ' ';
    gap = false;
    result += text.front();
    text.remove_prefix(1);
  }
  return result;
}

std::string escape_markdown(std::string_view text) {
  std::string result;
  for (char c : printable(text)) {
    if (c == '<') {
      result += "&lt;";
    } else if (c == '&') {
      result += "&amp;";
    } else {
      if (std::string_view(R"(\`*_[]|~!#@)").find(c) != std::string_view::npos) result += '\\';
      result += c;
    }
  }
  return result;
}

std::string escape_html(std::string_view text) {
  std::string result;
  for (char c : printable(text)) {
    switch (c) {
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '&': result += "&amp;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&#39;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string quote_csv(std::string_view raw) {
  std::string text = printable(raw);
  if (!text.empty() && std::string_view("=+-@").find(text[0]) != std::string_view::npos) text = "'" + text;
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string result = "\"";
  for (char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (char c : text) width += starts_code_point(c) ? 1 : 0;
  return width;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if (starts_code_point(text[end]) && ++seen == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!lines.back().empty() && display_width(lines.back()) + 1 + display_width(word) > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string result;
  for (const auto& part : parts) {
    if (&part != &parts.front()) result += separator;
    result += part;
  }
  return result;
}

}  // namespace whygpu
