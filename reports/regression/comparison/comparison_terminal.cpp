#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/regression/comparison/comparison_text.h"
#include "reports/regression/comparison/render_comparison.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

// SGR styles.
const char* style_of(Ruling ruling) {
  switch (ruling) {
    case Ruling::slower:
    case Ruling::incorrect: return "1;31";
    case Ruling::missing:
    case Ruling::undecided: return "33";
    case Ruling::faster: return "32";
    case Ruling::same: break;
  }
  return "2";
}

std::string name_of(const BuildRecord& build) {
  return build.revision.empty() || build.revision == build.name
             ? printable(build.name)
             : fmt::format("{} ({})", printable(build.name), build.revision.substr(0, 12));
}

}  // namespace

std::string render_comparison_terminal(const Comparison& comparison, bool colour) {
  const auto styled = [&](Ruling ruling, const std::string& text) {
    return colour ? fmt::format("\033[{}m{}\033[0m", style_of(ruling), text) : text;
  };
  std::string out = fmt::format("base  {}\nhead  {}\n", name_of(comparison.base), name_of(comparison.head));
  if (comparison.simulated) out += "SIMULATED numbers, not measured\n";
  for (const auto& note : comparison.notes) out += fmt::format("note  {}\n", printable(note));

  std::size_t width = 4;
  for (const auto& c : comparison.cases) width = std::max(width, display_width(printable(c.text)));
  out += "\n";
  for (const CaseComparison* c : worst_first(comparison)) {
    const std::string text = printable(c->text);
    out += fmt::format("{}  {}{}  {}\n",
                       styled(c->judgement.ruling, fmt::format("{:9}", ruling_name(c->judgement.ruling))), text,
                       std::string(width - display_width(text), ' '), printable(evidence(*c)));
  }
  out += fmt::format("\n{} (threshold {:g}%)\n", summary(comparison), 100 * comparison.threshold);
  return out;
}

}  // namespace whygpu
