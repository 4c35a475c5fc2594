#include "reports/regression/gate/judgement.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace whygpu {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"same", "faster", "slower", "undecided", "incorrect", "missing"};

}  // namespace

std::string_view ruling_name(Ruling ruling) { return kNames.at(static_cast<std::size_t>(ruling)); }

Ruling parse_ruling(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end())
    throw std::invalid_argument(fmt::format("ruling \"{}\": must be one of {}", name,
                                            "same, faster, "
                                            "slower, undecided, incorrect, missing"));
  return static_cast<Ruling>(found - kNames.begin());
}

double percent(double log_ratio) { return 100 * std::expm1(log_ratio); }

std::string percent_text(double log_ratio) {
  const double value = percent(log_ratio);
  return fmt::format("{:+.{}f}%", value, std::fabs(value) < 9.995 ? 2 : 1);
}

ExitCode exit_code(std::span<const Ruling> rulings, bool strict) {
  const auto any = [&](Ruling wanted) { return std::find(rulings.begin(), rulings.end(), wanted) != rulings.end(); };
  if (any(Ruling::slower)) return ExitCode::slower;
  if (rulings.empty() || any(Ruling::incorrect) || any(Ruling::missing)) return ExitCode::not_judged;
  if (strict && any(Ruling::undecided)) return ExitCode::undecided;
  return ExitCode::nothing_slower;
}

}  // namespace whygpu
