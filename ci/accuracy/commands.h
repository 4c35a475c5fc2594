// The parts of ci/gate-accuracy that need no machine, or only its recorded pairs. They print Markdown tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whygpu {

// Gates of simulated pairs: false alarms of equal builds, and injected slowdowns found, for this rule and for the
// simpler two-stage rule.
void simulate_gates(std::size_t gates, std::uint64_t seed);

// Simulated series with known change points.
void simulate_series(std::size_t repetitions, std::uint64_t seed);

// What gates of equal builds recorded, put together anew: `suites` suites of 200 cases, with and without an added
// slowdown, judged with ranks capped at `rank_cap` of them.
void resample_gates(const std::vector<std::string>& files, std::size_t suites, double rank_cap, std::uint64_t seed);

// What the rule says of recorded gates, against the truth: `injected` is the log-ratio of the work that was added to
// every case of the head.
void tabulate_gates(const std::vector<std::string>& files, double injected);

// A history of simulated gates, one JSON document a line, with a slowdown of 6% planted at revision 0000002b.
void write_sample_history(std::uint64_t seed);

}  // namespace whygpu
