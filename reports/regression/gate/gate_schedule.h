// Schedules the pairs of a gate and decides when a case is judged.
//
// A case is judged at 6, 10, 16, 24, 40, 60 and 100 pairs, each time from all its pairs. A case is
// slower (or faster) at the first look at which the signed-rank test passes and the estimate is beyond the threshold;
// it is same at the first look at which the 95% interval lies inside the threshold. The looks share one level, and the
// cases share one level, so that any case is called slower or faster in at most `false_alarms` of the gates of
// identical code, for any number of cases and any load on the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "reports/regression/gate/judgement.h"
#include "reports/regression/gate/visible_change.h"
#include "reports/regression/statistics/paired.h"

namespace whygpu {

struct GateSettings {
  double threshold = 0.05;               // smallest relevant relative change of time
  double false_alarms = 0.02;            // share of gates of identical code with any alarm, slower or faster
  std::size_t most_pairs = 40;           // for a case without a suspected change
  std::size_t most_suspect_pairs = 100;  // for a case with a suspected change
  double rank_cap = kRankCap;            // of the test
};

class GateSchedule {
 public:
  GateSchedule(std::size_t cases, const GateSettings& settings, std::uint64_t seed);

  // The case to measure next. Every unsettled case gets a pair before any gets its second, in random order, and
  // suspected changes go before noisy cases. nullopt when every case is settled.
  std::optional<std::size_t> next();

  bool wants_pair(std::size_t index) const;
  void add(std::size_t index, double log_ratio);
  void drop(std::size_t index);  // the case cannot be measured: no further pairs

  // The judgement from the pairs so far.
  Judgement judge(std::size_t index) const;

  // Pairs still needed if no case changes its state; an estimate for the time left.
  std::size_t pairs_left() const;

 private:
  struct Case {
    std::vector<double> log_ratios;
    std::size_t look = 0;  // index of the next look
    bool suspect = false;
    bool settled = false;
  };
  Judgement judge_at(const Case& c, std::size_t look) const;
  // The looks, towards slower, at a case that ends with `pairs` pairs at look number `look`.
  std::vector<PlannedLook> looks_until(std::size_t pairs, std::size_t look) const;
  std::size_t most_pairs(const Case& c) const;
  void start_pass();

  GateSettings settings_;
  std::vector<Case> cases_;
  std::mt19937_64 random_;
  std::vector<std::size_t> pass_;  // remaining cases of the current pass, last first
};

}  // namespace whygpu
