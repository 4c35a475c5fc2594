// The commands of gate_accuracy: simulations, and evaluation of recorded gates. They print Markdown tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whygpu {

// Gates of simulated pairs: false alarms with equal builds, and injected slowdowns found, for the rule of the gate and
// for the simpler two-stage rule.
void simulate_gates(std::size_t gates, std::uint64_t seed);

// Simulated series with known change points.
void simulate_series(std::size_t repetitions, std::uint64_t seed);

// `suites` suites of 200 cases, resampled from recorded gates of equal builds, with and without an added slowdown.
// Ranks are capped at the share `rank_cap`.
void resample_gates(const std::vector<std::string>& files, std::size_t suites, double rank_cap, std::uint64_t seed);

// Verdicts of the rule on recorded gates against the truth: `injected` is the log-ratio of the work added to every case
// of the head.
void tabulate_gates(const std::vector<std::string>& files, double injected);

// A history of simulated gates, one JSON document per line, with a slowdown of 6% from revision 0000002b on.
void write_sample_history(std::uint64_t seed);

}  // namespace whygpu
