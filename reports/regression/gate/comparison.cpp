#include "reports/regression/gate/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace whygpu {

double Pair::log_ratio() const {
  return std::log(*std::min_element(head_ns.begin(), head_ns.end()) /
                  *std::min_element(base_ns.begin(), base_ns.end()));
}

std::size_t Comparison::count(Ruling ruling) const {
  return static_cast<std::size_t>(
      std::count_if(cases.begin(), cases.end(), [&](const CaseComparison& c) { return c.judgement.ruling == ruling; }));
}

ExitCode Comparison::exit_code() const {
  std::vector<Ruling> rulings;
  for (const auto& c : cases) rulings.push_back(c.judgement.ruling);
  return whygpu::exit_code(rulings, strict);
}

std::string summary(const Comparison& comparison) {
  using enum Ruling;
  std::string text;
  for (const Ruling ruling : {slower, incorrect, missing, undecided, faster, same}) {
    const std::size_t count = comparison.count(ruling);
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, ruling_name(ruling));
  }
  return text.empty() ? "no case" : text;
}

}  // namespace whygpu
