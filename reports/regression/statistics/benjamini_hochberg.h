// Control of the false discovery rate over many tests.
#pragma once

#include <span>
#include <vector>

namespace whygpu {

// Smallest false discovery rate at which each test would be rejected (Benjamini and Hochberg, 1995), in the order of
// `p`. Among the tests whose value is at most q, a fraction of at most q is expected to be false.
std::vector<double> false_discovery_rates(std::span<const double> p);

}  // namespace whygpu
