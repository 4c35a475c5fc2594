// The result of comparing two builds for one case, and the exit code of the whole comparison.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "reports/results/statistics.h"

namespace whygpu {

enum class Ruling : std::uint8_t {
  same,       // the 95% interval of the change lies inside the threshold
  faster,     // beyond the threshold and significant
  slower,     // the same in the other direction
  undecided,  // too few pairs for the scatter
  incorrect,  // the head's answer is wrong
  missing,    // one side cannot run the case
};

std::string_view ruling_name(Ruling ruling);
Ruling parse_ruling(std::string_view name);  // throws std::invalid_argument

struct Judgement {
  Ruling ruling = Ruling::undecided;
  std::optional<double> change;      // ln(head / base); above 0 is slower
  std::optional<Interval> interval;  // of `change`, 95%
  std::optional<double> p;           // one-sided, towards `change`
  std::size_t pairs = 0;
  std::optional<double> visible;  // log-ratio that would have been detected with 95%
  std::string reason;             // why incorrect, missing or not measured
};

// A log-ratio in percent: ln(1.1) is 10.
double percent(double log_ratio);

// "+10.2%", "-3.1%", with digits to suit the size of the change.
std::string percent_text(double log_ratio);

enum class ExitCode : int { nothing_slower = 0, slower = 1, not_judged = 2, undecided = 3 };

// slower before not judged (incorrect or missing cases, or no case at all) before undecided, which counts
// only under `strict`.
ExitCode exit_code(std::span<const Ruling> rulings, bool strict);

}  // namespace whygpu
