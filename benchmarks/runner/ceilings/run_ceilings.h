// The ceilings of one run, measured before it, between its rounds and after it, since other load may lower
// any single visit.
#pragma once

#include <functional>
#include <vector>

#include "benchmarks/runner/ceilings/ceilings.h"

namespace whygpu {

class RunCeilings {
 public:
  // The ceilings of the dtypes used by the cases.
  RunCeilings(const std::vector<Case>& cases, const RunSettings& settings);

  // Restores the ceilings from the journal of an interrupted run.
  void take(std::vector<CeilingRecord> ceilings);

  void before_rounds();
  // Arithmetic only, and only while that takes a small share of the run.
  void between_rounds();
  // Measures once more while a case exceeds its ceiling, a few times at most.
  void after_rounds(const std::function<bool(const std::vector<CeilingRecord>&)>& some_case_is_above);

  double seconds_per_visit() const { return seconds_per_visit_; }  // 0: none was made
  std::vector<CeilingRecord> best() const { return visits_.best().ceilings; }

 private:
  CeilingVisits visits_;
  double began_ = 0, spent_before_ = 0, seconds_per_visit_ = 0;
};

}  // namespace whygpu
