#include <fmt/format.h>

#include "reports/render/document.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

// A group of columns becomes one column, its cells separated by spaces.
std::string section_markdown(const Section& section) {
  std::string header = "|", ruler = "|";
  std::vector<std::string> lines(section.rows.size(), "|");
  for (std::size_t first = 0; first < section.columns.size();) {
    const auto& column = section.columns[first];
    std::size_t last = first + 1;
    while (!column.group.empty() && last < section.columns.size() && section.columns[last].group == column.group)
      ++last;
    std::vector<std::string> names;
    if (!column.group.empty()) names.push_back(column.group);
    for (std::size_t c = first; c < last; ++c) {
      if (!section.columns[c].name.empty()) names.push_back(section.columns[c].name);
    }
    header += fmt::format(" {} |", escape_markdown(join(names, " ")));
    ruler += column.align_left ? " :-- |" : " --: |";
    for (std::size_t r = 0; r < section.rows.size(); ++r) {
      for (std::size_t c = first; c < last; ++c) {
        if (!section.rows[r][c].text.empty()) lines[r] += fmt::format(" {}", escape_markdown(section.rows[r][c].text));
      }
      lines[r] += " |";
    }
    first = last;
  }
  return fmt::format("{}\n{}\n{}\n", header, ruler, join(lines, "\n"));
}

}  // namespace

std::string render_markdown(const Document& document) {
  std::string text;
  for (const auto& line : document.heading) text += fmt::format("{}\n\n", escape_markdown(line));
  for (const auto& section : document.sections) {
    if (!section.title.empty()) text += fmt::format("### {}\n\n", escape_markdown(section.title));
    text += section_markdown(section) + '\n';
    for (const auto& note : section.notes) text += fmt::format("{}\n\n", escape_markdown(note));
  }
  for (const auto& note : document.notes) text += fmt::format("- {}\n", escape_markdown(note));
  return text;
}

}  // namespace whygpu
