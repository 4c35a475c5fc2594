// Which pair to measure next, and when a case is judged.
//
// Pairs of a case are judged when there are 6, 10, 16, 24, 40, 60, 100 of them, all pairs together each time. A case is
// slower (or faster) at the first look at which the signed-rank test passes and the estimate is beyond the threshold;
// it is same at the first look at which the 95% interval lies inside the threshold. The looks share one level, and the
// cases share one level, so that some case is called slower or faster in at most `false_alarms` of the gates of
// identical code, however many cases there are and whatever the machine does meanwhile.
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
  double threshold = 0.05;               // relative change of time that matters
  double false_alarms = 0.02;            // share of gates of identical code with any alarm, slower and faster together
  std::size_t most_pairs = 40;           // for a case that shows nothing
  std::size_t most_suspect_pairs = 100;  // for a case that looks changed
  double rank_cap = kRankCap;            // of the test
};

class GateSchedule {
 public:
  GateSchedule(std::size_t cases, const GateSettings& settings, std::uint64_t seed);

  // The case to measure next. Every case that wants a pair gets one before any gets its second, in random order, and
  // cases that look changed go before those that are merely noisy. Nothing when every case is settled.
  std::optional<std::size_t> next();

  bool wants_pair(std::size_t index) const;
  void add(std::size_t index, double log_ratio);
  void drop(std::size_t index);  // the case cannot be measured: it wants no further pair

  // As of now, with every pair seen.
  Judgement judge(std::size_t index) const;

  // Pairs still wanted if nothing changes its looks; an estimate for the time left.
  std::size_t pairs_left() const;

 private:
  struct Case {
    std::vector<double> log_ratios;
    std::size_t look = 0;  // index of the next look
    bool suspect = false;
    bool settled = false;
  };
  Judgement judge_at(const Case& c, std::size_t look) const;
  // The looks at a case that ends with `pairs` pairs, the last of them `look`, towards slower.
  std::vector<PlannedLook> looks_until(std::size_t pairs, std::size_t look) const;
  std::size_t most_pairs(const Case& c) const;
  void start_pass();

  GateSettings settings_;
  std::vector<Case> cases_;
  std::mt19937_64 random_;
  std::vector<std::size_t> pass_;  // cases of the pass under way, last first
};

}  // namespace whygpu
