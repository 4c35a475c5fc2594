// Simulated gates: a decision rule, and a source of pairs.
#pragma once

#include <functional>
#include <vector>

#include "reports/regression/gate/gate_schedule.h"

namespace whygpu {

// The log-ratio of the next pair of a case.
using PairSource = std::function<double(std::size_t index)>;

// The verdict of a rule for each case.
std::vector<Judgement> sequential_gate(std::size_t cases, const GateSettings& settings, const PairSource& pair,
                                       std::uint64_t seed);

// Wilcoxon's test in two stages: ten pairs to screen at 0.05 with an estimate of at least 0.6 of the threshold, then
// thirty new ones to confirm at 0.001.
std::vector<Judgement> two_stage_gate(std::size_t cases, const GateSettings& settings, const PairSource& pair);

// Results for cases that are all slower by the same amount.
struct Tally {
  double cases = 0;
  double found = 0;  // judged slower
  double close = 0;  // found, and the size is right within half a point
  double pairs = 0;

  // `slowdown` is a log-ratio.
  void add(const Judgement& judgement, double slowdown);

  double found_percent() const { return 100 * found / cases; }
  double close_percent() const { return found > 0 ? 100 * close / found : 0; }
  double mean_pairs() const { return pairs / cases; }
};

// Judged slower, and the size is right within half a point. `slowdown` is a log-ratio.
bool found_to_size(const Judgement& judgement, double slowdown);

inline bool is_alarm(const Judgement& judgement) {
  return judgement.ruling == Ruling::slower || judgement.ruling == Ruling::faster;
}

}  // namespace whygpu
