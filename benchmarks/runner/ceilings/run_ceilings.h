// The ceilings of one run, measured before it, between its rounds and after it: other work on the machine may hold down
// any one visit.
#pragma once

#include <functional>
#include <vector>

#include "benchmarks/runner/ceilings/ceilings.h"

namespace whygpu {

class RunCeilings {
 public:
  // Those of the dtypes that the cases hold.
  RunCeilings(const std::vector<Case>& cases, const RunSettings& settings);

  // What the journal of an interrupted run knows already.
  void take(std::vector<CeilingRecord> ceilings);

  void before_rounds();
  // Arithmetic only, and only while that takes no more than a small share of the run.
  void between_rounds();
  // Once, and again as long as a case stands above its ceiling, a few times at most.
  void after_rounds(const std::function<bool(const std::vector<CeilingRecord>&)>& some_case_is_above);

  std::vector<CeilingRecord> best() const { return visits_.best().ceilings; }

 private:
  CeilingVisits visits_;
  double began_ = 0, spent_before_ = 0;  // seconds
};

}  // namespace whygpu
