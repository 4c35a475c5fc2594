#include "ci/accuracy/gate_trial.h"

#include <cmath>
#include <span>

#include "reports/regression/statistics/paired.h"

namespace whygpu {
namespace {

// One-sided p of `sign`·d > 0.
double p_towards(std::vector<double> d, double sign) {
  for (double& value : d) value *= sign;
  return signed_rank_p(d, 0, kWilcoxon);
}

Judgement two_stages(const GateSettings& settings, const std::function<double()>& pair) {
  const double limit = std::log1p(settings.threshold);
  const auto measure = [&](std::size_t count) {
    std::vector<double> d(count);
    for (double& value : d) value = pair();
    return d;
  };
  Judgement judgement;
  const auto screened = measure(10);
  judgement.pairs = screened.size();
  const auto estimate = [&](std::span<const double> d) {
    judgement.change = hodges_lehmann(d, kWilcoxon);
    judgement.interval = signed_rank_interval(d, 0.95, kWilcoxon);
  };
  estimate(screened);
  const double sign = *judgement.change < 0 ? -1 : 1;
  if (std::fabs(*judgement.change) >= 0.6 * limit && p_towards(screened, sign) <= 0.05) {
    const auto fresh = measure(30);
    judgement.pairs += fresh.size();
    estimate(fresh);
    if (p_towards(fresh, sign) <= 0.001) {
      judgement.ruling = sign > 0 ? Ruling::slower : Ruling::faster;
      return judgement;
    }
  }
  const bool inside = judgement.interval->low > -limit && judgement.interval->high < limit;
  judgement.ruling = inside ? Ruling::same : Ruling::undecided;
  return judgement;
}

}  // namespace

bool found_to_size(const Judgement& judgement, double slowdown) {
  return judgement.ruling == Ruling::slower && std::fabs(percent(*judgement.change) - percent(slowdown)) <= 0.5;
}

void Tally::add(const Judgement& judgement, double slowdown) {
  ++cases;
  found += judgement.ruling == Ruling::slower;
  close += found_to_size(judgement, slowdown);
  pairs += static_cast<double>(judgement.pairs);
}

std::vector<Judgement> sequential_gate(std::size_t cases, const GateSettings& settings, const PairSource& pair,
                                       std::uint64_t seed) {
  GateSchedule schedule(cases, settings, seed);
  while (const auto index = schedule.next()) schedule.add(*index, pair(*index));
  std::vector<Judgement> judgements;
  for (std::size_t i = 0; i < cases; ++i) judgements.push_back(schedule.judge(i));
  return judgements;
}

std::vector<Judgement> two_stage_gate(std::size_t cases, const GateSettings& settings, const PairSource& pair) {
  std::vector<Judgement> judgements;
  for (std::size_t i = 0; i < cases; ++i) judgements.push_back(two_stages(settings, [&] { return pair(i); }));
  return judgements;
}

}  // namespace whygpu
