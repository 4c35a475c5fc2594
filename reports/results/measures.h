// Values derived from the samples of a case: time and rates, each with its spread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reports/catalogue/costs.h"
#include "reports/results/result_file.h"
#include "reports/results/statistics.h"

namespace whygpu {

// A value and its uncertainty between rounds.
struct Estimate {
  double value = 0;
  std::optional<Interval> spread;  // nullopt for a single round
  bool is_interval = false;        // true: 95% interval of the median; false: [min, max], too few rounds for one

  // Half the width of the spread as a fraction of the value.
  std::optional<double> relative_half_width() const;
  double low() const { return spread ? spread->low : value; }
  double high() const { return spread ? spread->high : value; }
  Estimate scaled(double factor) const;      // factor above 0
  Estimate inverse(double numerator) const;  // numerator / value, numerator above 0
};

// Half widths beyond which a value is marked as rough, and beyond which no ratio is made of it.
inline constexpr double kRough = 0.10, kUnusable = 0.50;

// The bounds of the spread; nullopt for a single round.
std::optional<double> low_of(const Estimate& estimate);
std::optional<double> high_of(const Estimate& estimate);

// Median over rounds with its spread. Throws std::invalid_argument when `per_round` is empty.
Estimate estimate(const std::vector<double>& per_round);

// Median over rounds of each round's median sample, in ns. nullopt unless the case was timed.
std::optional<Estimate> time_ns(const CaseRecord& record);

// GFLOP/s (1e9 FLOP/s) and GB/s (1e9 B/s) as counted by the workload. nullopt when not timed or not counted.
std::optional<Estimate> gflops(const CaseRecord& record);
std::optional<Estimate> gigabytes_per_second(const CaseRecord& record);

// Median over the rounds that have the detail. nullopt when no round has it or the case was not timed.
std::optional<Estimate> detail(const CaseRecord& record, const std::string& name);

std::optional<double> detail_value(const CaseRecord& record, const std::string& name);

// One operation from its launch until the host knows that it is complete, in ns. Times of accelerators count operations
// queued behind each other; those of CPU backends are synchronised already. nullopt for cold or copied operands
// and in imported files.
std::optional<Estimate> latency_ns(const ResultFile& file, const CaseRecord& record);

// Energy per operation, and GFLOP/s per watt. nullopt without a meter.
std::optional<Estimate> joules_per_operation(const CaseRecord& record);
std::optional<Estimate> gflops_per_watt(const CaseRecord& record);

// Cost of one operation on a device at these prices (costs.h). nullopt when neither price nor rent is known.
std::optional<Estimate> dollars_per_operation(const CaseRecord& record, const Prices& prices);

// numerator/denominator. The spread combines the extremes of both, so it is conservative.
Estimate ratio(const Estimate& numerator, const Estimate& denominator);

}  // namespace whygpu
