#include <fmt/format.h>

#include "reports/regression/comparison/comparison_text.h"
#include "reports/regression/comparison/render_comparison.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

std::string headline(const Comparison& comparison) {
  switch (comparison.exit_code()) {
    case ExitCode::slower: return "Slower";
    case ExitCode::not_judged: return "Not all cases judged";
    case ExitCode::undecided: return "Undecided";
    case ExitCode::nothing_slower: break;
  }
  return comparison.count(Ruling::faster) > 0 ? "Faster" : "No slowdown";
}

std::string table(const std::vector<const CaseComparison*>& cases) {
  std::string text = "| case | verdict | change of time, 95% interval, pairs |\n|---|---|---|\n";
  for (const CaseComparison* c : cases) {
    text += fmt::format("| {} | {} | {} |\n", escape_markdown(c->text), ruling_name(c->judgement.ruling),
                        escape_markdown(evidence(*c)));
  }
  return text;
}

}  // namespace

std::string render_comparison_markdown(const Comparison& comparison) {
  std::vector<const CaseComparison*> changed, rest;
  for (const CaseComparison* c : worst_first(comparison)) {
    const bool quiet = c->judgement.ruling == Ruling::same || c->judgement.ruling == Ruling::undecided;
    (quiet ? rest : changed).push_back(c);
  }
  std::string out = fmt::format("**{}**: {} ({} against {}, threshold {:g}%)\n", headline(comparison),
                                summary(comparison), escape_markdown(comparison.head.name),
                                escape_markdown(comparison.base.name), 100 * comparison.threshold);
  if (comparison.simulated) out += "\nSIMULATED numbers, not measured.\n";
  if (!changed.empty()) out += fmt::format("\n{}", table(changed));
  if (!rest.empty()) {
    out += fmt::format("\n<details><summary>{} without change</summary>\n\n{}\n</details>\n",
                       count_of(rest.size(), "case"), table(rest));
  }
  out += fmt::format("\n<details><summary>How this was measured</summary>\n\n- {}, {}\n",
                     escape_markdown(comparison.machine),
                     count_of(static_cast<std::size_t>(comparison.threads), "thread"));
  for (const auto& note : comparison.notes) out += fmt::format("- {}\n", escape_markdown(note));
  return out + "\n</details>\n";
}

}  // namespace whygpu
