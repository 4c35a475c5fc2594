#include "reports/regression/gate/visible_change.h"

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

#include "reports/regression/statistics/paired.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

constexpr std::size_t kSimulatedGates = 1000;
constexpr double kNever = std::numeric_limits<double>::infinity();

// The result of one look at unit normal pairs. Shifting all pairs shifts estimate and interval alike, so these three
// numbers cover every size of change.
struct Seen {
  double estimate = 0;
  double interval_high = kNever;  // of 95%; none when there are too few pairs
  double passes_from = kNever;    // the shift from which the test passes
};

// The pairs of a trial; deterministic.
std::vector<double> pairs_of(std::size_t trial, std::size_t count) {
  std::mt19937_64 random(trial + 1);
  std::normal_distribution<double> normal;
  std::vector<double> d(count);
  for (double& value : d) value = normal(random);
  return d;
}

// All trials at one look; cached, since all cases of a gate use the same looks.
const std::vector<Seen>& seen_at(const PlannedLook& look) {
  static std::mutex mutex;
  static std::map<std::pair<std::size_t, double>, std::vector<Seen>> known;
  const std::lock_guard lock(mutex);
  auto& seen = known[{look.pairs, look.level}];
  if (!seen.empty()) return seen;
  for (std::size_t trial = 0; trial < kSimulatedGates; ++trial) {
    const auto d = pairs_of(trial, look.pairs);
    Seen one{.estimate = hodges_lehmann(d)};
    if (const auto interval = signed_rank_interval(d)) one.interval_high = interval->high;
    // The one-sided test passes as soon as 0 lies below the two-sided interval of twice its level.
    const auto tested = look.level > 0 ? signed_rank_interval(d, 1 - 2 * look.level) : std::nullopt;
    if (tested) one.passes_from = -tested->low;
    seen.push_back(one);
  }
  return seen;
}

}  // namespace

double visible_change(double scatter, double limit, std::span<const PlannedLook> looks, double power) {
  std::vector<double> needed(kSimulatedGates, kNever), not_called_same(kSimulatedGates, 0);
  for (const PlannedLook& look : looks) {
    const auto& seen = seen_at(look);
    for (std::size_t trial = 0; trial < kSimulatedGates; ++trial) {
      const Seen& one = seen[trial];
      const double shift =
          std::max({scatter * one.passes_from, limit - scatter * one.estimate, not_called_same[trial]});
      needed[trial] = std::min(needed[trial], shift);
      if (one.interval_high < kNever) {
        not_called_same[trial] = std::max(not_called_same[trial], limit - scatter * one.interval_high);
      }
    }
  }
  std::sort(needed.begin(), needed.end());
  return std::max(0.0, needed[static_cast<std::size_t>(power * kSimulatedGates)]);
}

}  // namespace whygpu
