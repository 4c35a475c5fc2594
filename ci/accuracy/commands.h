// The parts of ci/gate-accuracy that need no machine, or only recorded pairs. They print Markdown tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whygpu {

// Gates of simulated pairs: false alarms of equal builds, and detected slowdowns, for the current rule and the
// simpler two-stage rule.
void simulate_gates(std::size_t gates, std::uint64_t seed);

// Simulated series with known change points.
void simulate_series(std::size_t repetitions, std::uint64_t seed);

// Resamples recorded gates of equal builds: `suites` suites of 200 cases, with and without an added
// slowdown, judged with ranks capped at `rank_cap` of the number of pairs.
void resample_gates(const std::vector<std::string>& files, std::size_t suites, double rank_cap, std::uint64_t seed);

// Verdicts on recorded gates, compared with the true change: `injected` is the log-ratio of the work added to
// every case of the candidate.
void tabulate_gates(const std::vector<std::string>& files, double injected);

// A history of simulated gates, one JSON document per line, with a slowdown of 6% from revision 0000002b on.
void write_sample_history(std::uint64_t seed);

}  // namespace whygpu
