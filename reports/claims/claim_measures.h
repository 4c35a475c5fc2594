// The measures used to judge claims.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/claims/claims.h"

namespace whygpu {

// A value and its origin, or the reason why there is none.
struct Measured {
  std::optional<double> value;
  std::string evidence;
};

// `name` is one of measure_names(). Throws std::invalid_argument.
Measured measure_for_claim(const std::string& name, const ResultFile& file, const ClaimSettings& settings);

std::vector<std::string> measure_names();

}  // namespace whygpu
