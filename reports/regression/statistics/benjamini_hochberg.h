// Many tests at once: which of them to believe.
#pragma once

#include <span>
#include <vector>

namespace whygpu {

// Smallest false discovery rate at which each test would be rejected (Benjamini and Hochberg, 1995), in the order of
// `p`. Of the tests whose value is at most q, a fraction q is expected to be false.
std::vector<double> false_discovery_rates(std::span<const double> p);

}  // namespace whygpu
