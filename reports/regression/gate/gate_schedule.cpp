#include "reports/regression/gate/gate_schedule.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace whygpu {
namespace {

struct Look {
  std::size_t pairs;
  double share;  // of the level of a case
};

// Six pairs are the fewest with a 95% interval; they can call a case same, but not slower or faster.
constexpr std::array<Look, 7> kLooks = {
    {{6, 0.0}, {10, 0.1}, {16, 0.1}, {24, 0.15}, {40, 0.45}, {60, 0.1}, {100, 0.1}}};

// Missing a slowdown costs more than missing an improvement: most of the level goes to slower.
constexpr double kShareOfSlower = 0.75;

// A change is suspected when p is below 5% and the estimate is near the threshold.
constexpr double kSuspicion = 0.05;
constexpr double kNear = 0.6;

bool beyond(const Judgement& judgement, double limit) {
  return judgement.change && std::fabs(*judgement.change) >= limit;
}

}  // namespace

GateSchedule::GateSchedule(std::size_t cases, const GateSettings& settings, std::uint64_t seed)
    : settings_(settings), cases_(cases), random_(seed) {}

bool GateSchedule::wants_pair(std::size_t index) const { return !cases_[index].settled; }

void GateSchedule::drop(std::size_t index) { cases_[index].settled = true; }

std::size_t GateSchedule::most_pairs(const Case& c) const {
  return c.suspect ? std::max(settings_.most_pairs, settings_.most_suspect_pairs) : settings_.most_pairs;
}

std::optional<std::size_t> GateSchedule::next() {
  for (int attempt = 0; attempt < 2; ++attempt) {
    while (!pass_.empty()) {
      const std::size_t index = pass_.back();
      pass_.pop_back();
      if (wants_pair(index)) return index;
    }
    start_pass();
  }
  return std::nullopt;
}

void GateSchedule::start_pass() {
  const auto add_cases = [&](auto&& wanted) {
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      if (wants_pair(i) && wanted(cases_[i])) pass_.push_back(i);
    }
  };
  // Every case gets ten pairs before the suspects go first.
  add_cases([](const Case& c) { return c.log_ratios.size() < 10; });
  if (pass_.empty()) add_cases([](const Case& c) { return c.suspect; });
  if (pass_.empty()) add_cases([](const Case&) { return true; });
  std::shuffle(pass_.begin(), pass_.end(), random_);
}

void GateSchedule::add(std::size_t index, double log_ratio) {
  Case& c = cases_[index];
  c.log_ratios.push_back(log_ratio);
  if (c.look == kLooks.size() || c.log_ratios.size() < kLooks[c.look].pairs) return;
  const Judgement judgement = judge_at(c, c.look);
  ++c.look;
  const double limit = std::log1p(settings_.threshold);
  c.suspect = judgement.p && *judgement.p <= kSuspicion && beyond(judgement, kNear * limit);
  c.settled = judgement.ruling != Ruling::undecided || c.look == kLooks.size() || kLooks[c.look].pairs > most_pairs(c);
}

Judgement GateSchedule::judge(std::size_t index) const {
  const Case& c = cases_[index];
  // At a look its own share is spent; between looks that of the next one.
  const bool at_look = c.look > 0 && c.log_ratios.size() == kLooks[c.look - 1].pairs;
  return judge_at(c, at_look || c.look == kLooks.size() ? c.look - 1 : c.look);
}

Judgement GateSchedule::judge_at(const Case& c, std::size_t look) const {
  Judgement judgement;
  judgement.pairs = c.log_ratios.size();
  if (c.log_ratios.empty()) {
    judgement.reason = "not measured within the budget";
    return judgement;
  }
  const double change = hodges_lehmann(c.log_ratios, settings_.rank_cap);
  std::vector<double> towards = c.log_ratios;
  if (change < 0) {
    for (double& value : towards) value = -value;
  }
  judgement.change = change;
  judgement.interval = signed_rank_interval(c.log_ratios, 0.95, settings_.rank_cap);
  judgement.p = signed_rank_p(towards, 0, settings_.rank_cap);

  const double direction = change > 0 ? kShareOfSlower : 1 - kShareOfSlower;
  const double level = settings_.false_alarms * direction / static_cast<double>(cases_.size());
  const double limit = std::log1p(settings_.threshold);
  if (*judgement.p <= level * kLooks[look].share && beyond(judgement, limit)) {
    judgement.ruling = change > 0 ? Ruling::slower : Ruling::faster;
  } else if (judgement.interval && judgement.interval->low > -limit && judgement.interval->high < limit) {
    judgement.ruling = Ruling::same;
  } else {
    judgement.ruling = Ruling::undecided;
    const double visible = visible_change(scatter(c.log_ratios), limit, looks_until(c.log_ratios.size(), look));
    if (std::isfinite(visible)) judgement.visible = visible;
  }
  return judgement;
}

std::vector<PlannedLook> GateSchedule::looks_until(std::size_t pairs, std::size_t look) const {
  const double level = settings_.false_alarms * kShareOfSlower / static_cast<double>(cases_.size());
  std::vector<PlannedLook> looks;
  for (std::size_t i = 0; i <= look; ++i) looks.push_back({std::min(kLooks[i].pairs, pairs), level * kLooks[i].share});
  return looks;
}

std::size_t GateSchedule::pairs_left() const {
  std::size_t left = 0;
  for (const Case& c : cases_) {
    // Most cases settle at the next look.
    if (!c.settled) left += kLooks[c.look].pairs - c.log_ratios.size();
  }
  return left;
}

}  // namespace whygpu
