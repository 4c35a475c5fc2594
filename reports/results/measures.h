// What follows from the samples of a case: its time, and every rate with its spread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reports/catalogue/costs.h"
#include "reports/results/result_file.h"
#include "reports/results/statistics.h"

namespace whygpu {

// A value with what is known of its uncertainty between rounds.
struct Estimate {
  double value = 0;
  std::optional<Interval> spread;  // nothing from a single round
  bool is_interval = false;  // the spread is a 95% interval of the median; else [lowest, highest] of too few rounds

  // Half the width of the spread as a fraction of the value.
  std::optional<double> relative_half_width() const;
  double low() const { return spread ? spread->low : value; }
  double high() const { return spread ? spread->high : value; }
  Estimate scaled(double factor) const;      // factor above 0
  Estimate inverse(double numerator) const;  // numerator / value, numerator above 0
};

// The ends of the spread; nothing from a single round.
std::optional<double> low_of(const Estimate& estimate);
std::optional<double> high_of(const Estimate& estimate);

// Median over rounds with its spread. Throws std::invalid_argument when `per_round` is empty.
Estimate estimate(const std::vector<double>& per_round);

// Median over rounds of each round's median sample, in ns. Nothing unless the case is ok.
std::optional<Estimate> time_ns(const CaseRecord& record);

// GFLOP/s (1e9 FLOP/s) and GB/s (1e9 B/s) by the workload's own count. Nothing when not ok or when it counts none.
std::optional<Estimate> gflops(const CaseRecord& record);
std::optional<Estimate> gigabytes_per_second(const CaseRecord& record);

// Median over the rounds that carry the detail. Nothing when no round does, or the case is not ok.
std::optional<Estimate> detail(const CaseRecord& record, const std::string& name);

// Energy of one operation, and speed per power. Nothing without a meter.
std::optional<Estimate> joules_per_operation(const CaseRecord& record);
std::optional<Estimate> gflops_per_watt(const CaseRecord& record);

// What one operation costs on a device of these prices (costs.h). Nothing when neither price nor rent is known.
std::optional<Estimate> dollars_per_operation(const CaseRecord& record, const Prices& prices);

// numerator/denominator. The spread is that of the extreme combinations, so rather too wide than too narrow.
Estimate ratio(const Estimate& numerator, const Estimate& denominator);

}  // namespace whygpu
