#include <fmt/format.h>

#include <algorithm>

#include "reports/render/document.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

constexpr std::size_t kWidestCell = 60;

std::string_view tone_code(Tone tone) {
  switch (tone) {
    case Tone::strong: return "\033[1m";
    case Tone::faint: return "\033[2m";
    case Tone::warning: return "\033[33m";
    case Tone::bad: return "\033[31m";
    case Tone::best: return "\033[1;32m";
    case Tone::plain: break;
  }
  return "";
}

class Terminal {
 public:
  Terminal(int width, bool color) : width_(static_cast<std::size_t>(std::max(width, 20))), color_(color) {}

  void paragraph(std::string_view text, Tone tone = Tone::plain, std::string_view indent = "") {
    const auto lines = wrap(printable(text), width_ - indent.size());
    for (const auto& line : lines)
      out_ += painted(std::string(&line == &lines.front() ? "" : indent) + line, tone) + '\n';
  }

  void section(const Section& whole) {
    if (!whole.title.empty()) paragraph(whole.title, Tone::strong);
    int most_detail = 0;
    for (const auto& column : whole.columns) most_detail = std::max(most_detail, column.detail);
    Section section = whole;
    measure(section);
    auto parts = blocks(section);
    for (int detail = most_detail; detail > 0 && (parts.size() > 1 || width_of(parts.front()) > width_); --detail) {
      section = without_details(whole, detail);
      measure(section);
      parts = blocks(section);
    }
    for (const auto& block : parts) {
      if (&block != &parts.front()) line();
      print(section, block);
    }
    for (const auto& note : section.notes) paragraph(note, Tone::faint, "  ");
  }

  void line() { out_ += '\n'; }
  std::string take() { return std::move(out_); }

 private:
  struct Group {
    std::size_t first, last;  // columns [first, last)
    std::size_t width;
  };

  std::string painted(std::string text, Tone tone) const {
    const auto code = tone_code(tone);
    const bool blank = text.find_first_not_of(' ') == std::string::npos;
    return color_ && !code.empty() && !blank ? fmt::format("{}{}\033[0m", code, text) : text;
  }

  static std::string padded(const std::string& text, std::size_t width, bool left) {
    std::string space(width - std::min(width, display_width(text)), ' ');
    return left ? text + space : space.append(text);
  }

  static std::string shown(const std::string& text) { return shorten(printable(text), kWidestCell); }

  // Without columns of this detail or more.
  static Section without_details(const Section& whole, int detail) {
    Section kept{whole.title, {}, std::vector<std::vector<Cell>>(whole.rows.size()), whole.notes};
    for (std::size_t c = 0; c < whole.columns.size(); ++c) {
      if (whole.columns[c].detail >= detail) continue;
      kept.columns.push_back(whole.columns[c]);
      for (std::size_t r = 0; r < whole.rows.size(); ++r) kept.rows[r].push_back(whole.rows[r][c]);
    }
    return kept;
  }

  // Widths of columns, then of groups: a long group name or spanning cell widens the group's last column.
  void measure(const Section& section) {
    widths_.clear();
    for (std::size_t c = 0; c < section.columns.size(); ++c) {
      std::size_t width = display_width(shown(section.columns[c].name));
      for (const auto& row : section.rows) {
        if (!row[c].spans_group) width = std::max(width, display_width(shown(row[c].text)));
      }
      widths_.push_back(width);
    }
    groups_.clear();
    for (std::size_t first = 0; first < section.columns.size();) {
      const auto& name = section.columns[first].group;
      std::size_t last = first + 1;
      while (!name.empty() && last < section.columns.size() && section.columns[last].group == name) ++last;
      std::size_t needed = display_width(shown(name));
      for (const auto& row : section.rows) {
        if (row[first].spans_group) needed = std::max(needed, display_width(shown(row[first].text)));
      }
      std::size_t width = last - first - 1;  // one space inside a group
      for (std::size_t c = first; c < last; ++c) width += widths_[c];
      if (width < needed) widths_[first] += needed - width;
      groups_.push_back({first, last, std::max(width, needed)});
      first = last;
    }
  }

  // The groups placed side by side; the labels come first in each block.
  std::vector<std::vector<Group>> blocks(const Section& section) const {
    std::vector<Group> labels, others;
    for (const auto& group : groups_) (section.columns[group.first].group.empty() ? labels : others).push_back(group);
    const auto gap = [](std::size_t width) { return width + 2; };
    std::size_t label_width = 0;
    for (const auto& group : labels) label_width += gap(group.width);
    std::vector<std::vector<Group>> result{labels};
    std::size_t used = label_width;
    for (const auto& group : others) {
      if (used + group.width > width_ && used > label_width) {
        result.push_back(labels);
        used = label_width;
      }
      result.back().push_back(group);
      used += gap(group.width);
    }
    return result;
  }

  static std::size_t width_of(const std::vector<Group>& block) {
    std::size_t width = 0;
    for (const auto& group : block) width += group.width + 2;
    return width - std::min<std::size_t>(width, 2);
  }

  void print(const Section& section, const std::vector<Group>& block) {
    const bool named = std::any_of(block.begin(), block.end(),
                                   [&](const Group& group) { return !section.columns[group.first].group.empty(); });
    if (named) {
      row(block, [&](const Group& group) {
        return painted(padded(shown(section.columns[group.first].group), group.width, false), Tone::strong);
      });
    }
    row(block, [&](const Group& group) {
      return in_group(group, [&](std::size_t c) {
        return painted(padded(shown(section.columns[c].name), widths_[c], section.columns[c].align_left), Tone::faint);
      });
    });
    for (const auto& cells : section.rows) {
      row(block, [&](const Group& group) {
        const auto& first = cells[group.first];
        if (first.spans_group) return painted(padded(shown(first.text), group.width, false), first.tone);
        return in_group(group, [&](std::size_t c) {
          return painted(padded(shown(cells[c].text), widths_[c], section.columns[c].align_left), cells[c].tone);
        });
      });
    }
  }

  template <class F>
  void row(const std::vector<Group>& block, F&& text_of) {
    std::string line;
    for (const auto& group : block) {
      if (&group != &block.front()) line += "  ";
      line += text_of(group);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out_ += line + '\n';
  }

  template <class F>
  static std::string in_group(const Group& group, F&& text_of) {
    std::string text;
    for (std::size_t c = group.first; c < group.last; ++c) {
      if (c != group.first) text += ' ';
      text += text_of(c);
    }
    return text;
  }

  std::size_t width_;
  bool color_;
  std::vector<std::size_t> widths_;
  std::vector<Group> groups_;
  std::string out_;
};

}  // namespace

std::string render_terminal(const Document& document, int width, bool color) {
  Terminal terminal(width, color);
  for (const auto& line : document.heading) terminal.paragraph(line, Tone::plain, "  ");
  for (const auto& section : document.sections) {
    terminal.line();
    terminal.section(section);
  }
  if (!document.notes.empty()) terminal.line();
  for (const auto& note : document.notes) terminal.paragraph(note, Tone::plain, "    ");
  return terminal.take();
}

}  // namespace whygpu
