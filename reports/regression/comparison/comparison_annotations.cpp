#include <fmt/format.h>

#include "reports/regression/comparison/comparison_text.h"
#include "reports/regression/comparison/render_comparison.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

// Workflow commands end at a line break and decode these three (`escapeData` in GitHub's toolkit).
std::string escape_command(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '%')
      out += "%25";
    else if (c == '\r')
      out += "%0D";
    else if (c == '\n')
      out += "%0A";
    else
      out += c;
  }
  return out;
}

const char* level(Ruling ruling) {
  switch (ruling) {
    case Ruling::slower:
    case Ruling::incorrect: return "error";
    case Ruling::missing:
    case Ruling::undecided: return "warning";
    case Ruling::faster: return "notice";
    case Ruling::same: break;
  }
  return nullptr;
}

}  // namespace

std::string render_comparison_annotations(const Comparison& comparison) {
  std::string out;
  for (const CaseComparison* c : worst_first(comparison)) {
    const char* severity = level(c->judgement.ruling);
    if (severity == nullptr) continue;
    out += fmt::format("::{} title=whygpu gate%3A {}::{}\n", severity, ruling_name(c->judgement.ruling),
                       escape_command(c->text + ": " + evidence(*c)));
  }
  return out + fmt::format("::notice title=whygpu gate::{}\n", escape_command(summary(comparison)));
}

}  // namespace whygpu
