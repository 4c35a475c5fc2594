#include <fmt/format.h>

#include "reports/page/page.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

const char* class_of(Tone tone) {
  constexpr const char* names[] = {"", "strong", "faint", "warning", "bad", "best"};
  return names[static_cast<std::size_t>(tone)];
}

// Columns [first, last) of one group, or one label.
std::size_t group_end(const Section& section, std::size_t first) {
  std::size_t last = first + 1;
  const auto& group = section.columns[first].group;
  while (!group.empty() && last < section.columns.size() && section.columns[last].group == group) ++last;
  return last;
}

// Most groups side by side that fit on paper.
constexpr std::size_t kMostGroups = 4;

// Splits the section into narrower ones, each with the row labels.
std::vector<Section> fold(const Section& section) {
  std::vector<std::size_t> labels;
  std::vector<std::vector<std::size_t>> parts(1);
  std::size_t groups = 0;
  for (std::size_t first = 0; first < section.columns.size();) {
    const auto last = group_end(section, first);
    if (section.columns[first].group.empty()) {
      labels.push_back(first);
    } else {
      if (groups > 0 && groups % kMostGroups == 0) parts.emplace_back();
      for (std::size_t c = first; c < last; ++c) parts.back().push_back(c);
      ++groups;
    }
    first = last;
  }
  std::vector<Section> folded;
  for (auto& part : parts) {
    part.insert(part.begin(), labels.begin(), labels.end());
    auto& piece = folded.emplace_back();
    for (auto c : part) piece.columns.push_back(section.columns[c]);
    for (const auto& row : section.rows) {
      auto& cells = piece.rows.emplace_back();
      for (auto c : part) cells.push_back(row[c]);
    }
  }
  return folded;
}

std::string header(const Section& section) {
  std::string groups, names;
  bool grouped = false;
  for (std::size_t first = 0; first < section.columns.size();) {
    const auto last = group_end(section, first);
    const auto& group = section.columns[first].group;
    grouped = grouped || !group.empty();
    groups += fmt::format("<th colspan=\"{}\" scope=\"colgroup\">{}</th>", last - first, escape_html(group));
    for (std::size_t c = first; c < last; ++c) {
      names += fmt::format("<th class=\"{}\" scope=\"col\">{}</th>", section.columns[c].align_left ? "left" : "",
                           escape_html(section.columns[c].name));
    }
    first = last;
  }
  return grouped ? fmt::format("<tr>{}</tr><tr>{}</tr>", groups, names) : fmt::format("<tr>{}</tr>", names);
}

std::string row_html(const Section& section, const std::vector<Cell>& row) {
  std::string cells;
  for (std::size_t c = 0; c < row.size(); ++c) {
    const auto last = row[c].spans_group ? group_end(section, c) : c + 1;
    std::string classes = class_of(row[c].tone);
    if (section.columns[c].align_left) classes += " left";
    if (row[c].spans_group) classes += " spanning";
    const auto span = last - c > 1 ? fmt::format(" colspan=\"{}\"", last - c) : std::string();
    cells += fmt::format("<td class=\"{}\"{}>{}</td>", classes, span, escape_html(row[c].text));
    c = last - 1;
  }
  return fmt::format("<tr>{}</tr>\n", cells);
}

}  // namespace

std::string render_html(const Document& document) {
  std::string html;
  for (const auto& section : document.sections) {
    const auto title = escape_html(section.title);
    html += fmt::format("<h3>{}</h3>\n", title);
    for (const auto& part : fold(section)) {
      std::string rows;
      for (const auto& row : part.rows) rows += row_html(part, row);
      html += fmt::format(
          "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead>{}</thead>"
          "<tbody>{}</tbody></table></div>\n",
          title, header(part), rows);
    }
    for (const auto& note : section.notes) html += fmt::format("<p class=\"note\">{}</p>\n", escape_html(note));
  }
  if (!document.notes.empty()) html += "<ul class=\"notes\">";
  for (const auto& note : document.notes) html += fmt::format("<li>{}</li>\n", escape_html(note));
  if (!document.notes.empty()) html += "</ul>\n";
  return html;
}

}  // namespace whygpu
