// The measures used to judge claims.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/claims/claims.h"
#include "reports/views/crossover.h"

namespace whygpu {

// A value and its origin, or the reason why there is none.
struct Measured {
  std::optional<double> value;
  std::string evidence;
};

// A result file, which must outlive it, and its contests, which several measures need: found once, when first asked
// for.
class ClaimFile {
 public:
  explicit ClaimFile(const ResultFile& file) : file_(file) {}
  operator const ResultFile&() const { return file_; }
  const std::vector<Contest>& contests() const;

 private:
  const ResultFile& file_;
  mutable std::optional<std::vector<Contest>> contests_;
};

// `name` is one of measure_names(). Throws std::invalid_argument.
Measured measure_for_claim(const std::string& name, const ClaimFile& file, const ClaimSettings& settings);

std::vector<std::string> measure_names();

}  // namespace whygpu
