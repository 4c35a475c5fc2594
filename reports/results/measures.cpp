#include "reports/results/measures.h"

#include <algorithm>
#include <cmath>

namespace whygpu {

std::optional<double> Estimate::relative_half_width() const {
  if (!spread || value == 0) return std::nullopt;
  return (spread->high - spread->low) / 2 / std::fabs(value);
}

Estimate Estimate::scaled(double factor) const {
  Estimate result = *this;
  result.value *= factor;
  if (spread) result.spread = Interval{spread->low * factor, spread->high * factor};
  return result;
}

Estimate Estimate::inverse(double numerator) const {
  Estimate result = *this;
  result.value = numerator / value;
  if (spread) result.spread = Interval{numerator / spread->high, numerator / spread->low};
  return result;
}

std::optional<double> low_of(const Estimate& estimate) {
  if (!estimate.spread) return std::nullopt;
  return estimate.spread->low;
}

std::optional<double> high_of(const Estimate& estimate) {
  if (!estimate.spread) return std::nullopt;
  return estimate.spread->high;
}

Estimate estimate(const std::vector<double>& per_round) {
  Estimate result{median(per_round), median_interval(per_round), true};
  if (!result.spread) {
    result.is_interval = false;
    const auto [low, high] = std::minmax_element(per_round.begin(), per_round.end());
    if (per_round.size() > 1) result.spread = Interval{*low, *high};
  }
  return result;
}

std::optional<Estimate> time_ns(const CaseRecord& record) {
  if (!record.timed()) return std::nullopt;
  std::vector<double> medians;
  for (const auto& round : record.rounds) medians.push_back(median(round.samples_ns));
  return estimate(medians);
}

// One per nanosecond is 1e9 per second, the giga in the unit.
std::optional<Estimate> gflops(const CaseRecord& record) {
  const auto time = time_ns(record);
  if (!time || record.flops <= 0) return std::nullopt;
  return time->inverse(record.flops);
}

std::optional<Estimate> gigabytes_per_second(const CaseRecord& record) {
  const auto time = time_ns(record);
  if (!time || record.bytes <= 0) return std::nullopt;
  return time->inverse(record.bytes);
}

std::optional<Estimate> detail(const CaseRecord& record, const std::string& name) {
  if (!record.timed()) return std::nullopt;
  std::vector<double> values;
  for (const auto& round : record.rounds) {
    if (const auto found = round.details.find(name); found != round.details.end()) values.push_back(found->second);
  }
  if (values.empty()) return std::nullopt;
  return estimate(values);
}

std::optional<double> detail_value(const CaseRecord& record, const std::string& name) {
  const auto found = detail(record, name);
  return found ? std::optional(found->value) : std::nullopt;
}

std::optional<Estimate> latency_ns(const ResultFile& file, const CaseRecord& record) {
  if (file.imported) return std::nullopt;  // the source does not say whether the host waited
  const auto* backend = file.backend(record.backend);
  if (backend && backend->queues_work()) return detail(record, "synchronised_ns");
  return record.is_cold() ? std::nullopt : time_ns(record);
}

std::optional<Estimate> joules_per_operation(const CaseRecord& record) {
  const auto joules = detail(record, "energy_joules_per_op");
  if (!joules || joules->low() <= 0) return std::nullopt;
  return joules;
}

std::optional<Estimate> gflops_per_watt(const CaseRecord& record) {
  const auto joules = joules_per_operation(record);
  if (!joules || record.flops <= 0) return std::nullopt;
  return joules->inverse(record.flops / 1e9);
}

// Time and energy are correlated, so the bounds combine the bounds of both.
std::optional<Estimate> dollars_per_operation(const CaseRecord& record, const Prices& prices) {
  const auto time = time_ns(record);
  if (!time) return std::nullopt;
  const auto joules = joules_per_operation(record);
  const auto cost_at = [&](double ns, std::optional<double> energy) {
    return cost_of_operation(prices, ns / 1e9, energy);
  };
  const auto cost = cost_at(time->value, joules ? std::optional(joules->value) : std::nullopt);
  if (!cost) return std::nullopt;
  Estimate result{cost->dollars, std::nullopt, time->is_interval && (!joules || joules->is_interval)};
  if (time->spread) {
    result.spread = Interval{cost_at(time->low(), joules ? std::optional(joules->low()) : std::nullopt)->dollars,
                             cost_at(time->high(), joules ? std::optional(joules->high()) : std::nullopt)->dollars};
  }
  return result;
}

Estimate ratio(const Estimate& numerator, const Estimate& denominator) {
  Estimate result{numerator.value / denominator.value, std::nullopt, numerator.is_interval && denominator.is_interval};
  if (numerator.spread && denominator.spread) {
    result.spread = Interval{numerator.low() / denominator.high(), numerator.high() / denominator.low()};
  }
  return result;
}

}  // namespace whygpu
