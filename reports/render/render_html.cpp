#include <fmt/format.h>

#include <algorithm>

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

// Characters of a row that fit into the page on a screen 1280 px wide; text longer than kWrapped is wrapped.
constexpr std::size_t kMostCharacters = 134, kPadding = 2, kWrapped = 30;

std::size_t width_of(const Section& section, std::size_t column) {
  std::size_t width = display_width(section.columns[column].name);
  for (const auto& row : section.rows) {
    if (!row[column].spans_group) width = std::max(width, display_width(row[column].text));
  }
  return std::min(width, kWrapped) + kPadding;
}

// Splits the section into narrower ones, each with the row labels.
std::vector<Section> fold(const Section& section) {
  std::vector<std::size_t> labels;
  std::vector<std::vector<std::size_t>> parts(1);
  std::size_t label_width = 0;
  for (std::size_t c = 0; c < section.columns.size(); ++c) {
    if (!section.columns[c].group.empty()) continue;
    labels.push_back(c);
    label_width += width_of(section, c);
  }
  std::size_t used = label_width;
  for (std::size_t first = 0; first < section.columns.size();) {
    const auto last = group_end(section, first);
    if (!section.columns[first].group.empty()) {
      std::size_t width = 0;
      for (std::size_t c = first; c < last; ++c) width += width_of(section, c);
      if (used + width > kMostCharacters && used > label_width) {
        parts.emplace_back();
        used = label_width;
      }
      for (std::size_t c = first; c < last; ++c) parts.back().push_back(c);
      used += width;
    }
    first = last;
  }
  std::vector<Section> folded;
  for (auto& part : parts) {
    part.insert(part.begin(), labels.begin(), labels.end());
    auto& piece = folded.emplace_back();
    for (auto c : part) piece.columns.push_back(section.columns[c]);
    for (const auto& row : section.rows) {
      std::vector<Cell> cells;
      for (auto c : part) cells.push_back(row[c]);
      const bool blank = std::all_of(cells.begin() + static_cast<std::ptrdiff_t>(labels.size()), cells.end(),
                                     [](const Cell& cell) { return cell.text.empty(); });
      if (!blank || part.size() == labels.size()) piece.rows.push_back(std::move(cells));
    }
  }
  return folded;
}

// How many columns identify a row: all labels of a table with groups, else the first.
std::size_t key_columns(const Section& section) {
  std::size_t labels = 0;
  while (labels < section.columns.size() && section.columns[labels].group.empty()) ++labels;
  return labels < section.columns.size() ? labels : 1;
}

// The first of several key cells stands for all of them on a narrow screen, where it stays in view.
std::string key_content(const std::vector<std::string>& keys) {
  if (keys.size() < 2) return escape_html(keys.front());
  return fmt::format("<span class=\"one\">{}</span><span class=\"all\">{}</span>", escape_html(keys.front()),
                     escape_html(join(keys, " · ")));
}

std::string class_attribute(const std::vector<std::string>& names) {
  const auto classes = join(names, " ");
  return classes.empty() ? std::string() : fmt::format(" class=\"{}\"", classes);
}

// A section, how many of its columns identify a row, and the classes of each column's cells.
struct Table {
  const Section& section;
  std::size_t keys;
  std::vector<std::vector<std::string>> classes;

  explicit Table(const Section& of) : section(of), keys(key_columns(of)) {
    for (std::size_t c = 0; c < section.columns.size(); ++c) {
      auto& names = classes.emplace_back();
      if (c == 0) names.emplace_back("key");
      if (c > 0 && c < keys) names.emplace_back("label");
      if (section.columns[c].align_left) names.emplace_back("left");
      if (width_of(section, c) >= kWrapped) names.emplace_back("text");
    }
  }
};

std::string header(const Table& table) {
  const auto& [section, keys, classes] = table;
  std::string groups, names;
  bool grouped = false;
  std::vector<std::string> key_names;
  for (std::size_t c = 0; c < keys; ++c) key_names.push_back(section.columns[c].name);
  for (std::size_t first = 0; first < section.columns.size();) {
    const auto last = group_end(section, first);
    const auto& group = section.columns[first].group;
    grouped = grouped || !group.empty();
    const char* label = first == 0 ? " class=\"key\"" : first < keys ? " class=\"label\"" : "";
    groups += group.empty()
                  ? fmt::format("<td{}></td>", label)
                  : fmt::format("<th colspan=\"{}\" scope=\"colgroup\">{}</th>", last - first, escape_html(group));
    for (std::size_t c = first; c < last; ++c) {
      names += fmt::format("<th{} scope=\"col\">{}</th>", class_attribute(classes[c]),
                           c == 0 ? key_content(key_names) : escape_html(section.columns[c].name));
    }
    first = last;
  }
  return grouped ? fmt::format("<tr>{}</tr><tr>{}</tr>", groups, names) : fmt::format("<tr>{}</tr>", names);
}

std::string row_html(const Table& table, const std::vector<Cell>& row) {
  const auto keys = table.keys;
  std::string cells;
  std::vector<std::string> key_values;
  for (std::size_t c = 0; c < keys; ++c) {
    if (!row[c].text.empty()) key_values.push_back(row[c].text);
  }
  if (key_values.empty()) key_values.emplace_back();
  for (std::size_t c = 0; c < row.size(); ++c) {
    const auto last = row[c].spans_group ? group_end(table.section, c) : c + 1;
    auto classes = table.classes[c];
    if (row[c].tone != Tone::plain) classes.emplace_back(class_of(row[c].tone));
    if (row[c].spans_group) classes.emplace_back("spanning");
    const auto span = last - c > 1 ? fmt::format(" colspan=\"{}\"", last - c) : std::string();
    const char* tag = c == 0 ? "th scope=\"row\"" : "td";
    cells +=
        fmt::format("<{}{}{}>{}</{}>", tag, class_attribute(classes), span,
                    c == 0 && row[0].text == key_values.front() ? key_content(key_values) : escape_html(row[c].text),
                    c == 0 ? "th" : "td");
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
      const Table table(part);
      std::string rows;
      for (const auto& row : part.rows) rows += row_html(table, row);
      html += fmt::format(
          "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead>{}</thead>"
          "<tbody>{}</tbody></table></div>\n",
          title, header(table), rows);
    }
    for (const auto& note : section.notes) html += fmt::format("<p class=\"note\">{}</p>\n", escape_html(note));
  }
  if (!document.notes.empty()) html += "<ul class=\"notes\">";
  for (const auto& note : document.notes) html += fmt::format("<li>{}</li>\n", escape_html(note));
  if (!document.notes.empty()) html += "</ul>\n";
  return html;
}

}  // namespace whygpu
