#include "reports/regression/comparison/comparison_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/render/text.h"

namespace whygpu {
namespace {

int urgency(Ruling ruling) {
  switch (ruling) {
    case Ruling::slower: return 0;
    case Ruling::incorrect: return 1;
    case Ruling::missing: return 2;
    case Ruling::undecided: return 3;
    case Ruling::faster: return 4;
    case Ruling::same: break;
  }
  return 5;
}

}  // namespace

std::string evidence(const CaseComparison& c) {
  const Judgement& judgement = c.judgement;
  if (!judgement.change) return judgement.reason;
  std::string text = percent_text(*judgement.change);
  if (judgement.interval) {
    text += fmt::format(" [{}, {}]", percent_text(judgement.interval->low), percent_text(judgement.interval->high));
  }
  if (judgement.pairs > 0) text += ", " + count_of(judgement.pairs, "pair");
  if (c.base_ns > 0 && c.head_ns > 0) {
    text += fmt::format(", {} -> {}", format_duration_ns(c.base_ns), format_duration_ns(c.head_ns));
  }
  if (judgement.visible) text += fmt::format("; would have detected {}", percent_text(*judgement.visible));
  if (!judgement.reason.empty()) text += "; " + judgement.reason;
  return text;
}

std::vector<const CaseComparison*> worst_first(const Comparison& comparison) {
  std::vector<const CaseComparison*> cases;
  for (const auto& c : comparison.cases) cases.push_back(&c);
  std::stable_sort(cases.begin(), cases.end(), [](const CaseComparison* a, const CaseComparison* b) {
    const auto key = [](const CaseComparison* c) {
      return std::pair(urgency(c->judgement.ruling), -std::fabs(c->judgement.change.value_or(0)));
    };
    return key(a) < key(b);
  });
  return cases;
}

}  // namespace whygpu
