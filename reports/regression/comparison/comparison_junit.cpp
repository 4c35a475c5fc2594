#include <fmt/format.h>

#include "reports/regression/comparison/comparison_text.h"
#include "reports/regression/comparison/render_comparison.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

// In test terms: a slower or incorrect case is a failure, a missing one is an error, an undecided one is skipped
// unless strict.
std::string result_element(const CaseComparison& c, bool strict) {
  const std::string message = escape_html(std::string(ruling_name(c.judgement.ruling)) + ": " + evidence(c));
  switch (c.judgement.ruling) {
    case Ruling::slower:
    case Ruling::incorrect:
      return fmt::format("<failure type=\"{}\" message=\"{}\"/>", ruling_name(c.judgement.ruling), message);
    case Ruling::missing: return fmt::format("<error type=\"missing\" message=\"{}\"/>", message);
    case Ruling::undecided:
      return strict ? fmt::format("<failure type=\"undecided\" message=\"{}\"/>", message)
                    : fmt::format("<skipped message=\"{}\"/>", message);
    case Ruling::faster:
    case Ruling::same: break;
  }
  return fmt::format("<system-out>{}</system-out>", message);
}

}  // namespace

std::string render_comparison_junit(const Comparison& comparison) {
  const std::size_t undecided = comparison.count(Ruling::undecided);
  const std::size_t failures = comparison.count(Ruling::slower) + comparison.count(Ruling::incorrect);
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites><testsuite name=\"whygpu gate\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
      "timestamp=\"{}\">\n",
      comparison.cases.size(), failures + (comparison.strict ? undecided : 0), comparison.count(Ruling::missing),
      comparison.strict ? 0 : undecided, escape_html(comparison.started));
  for (const auto& c : comparison.cases) {
    double seconds = 0;
    for (const Pair& pair : c.pairs) {
      for (const double ns : pair.head_ns) seconds += ns * 1e-9;
    }
    out += fmt::format("<testcase classname=\"whygpu.gate\" name=\"{}\" time=\"{:.6f}\">{}</testcase>\n",
                       escape_html(printable(c.text)), seconds, result_element(c, comparison.strict));
  }
  return out + "</testsuite></testsuites>\n";
}

}  // namespace whygpu
