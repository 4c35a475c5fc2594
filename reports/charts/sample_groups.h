// Whether the times of a case fall into two groups, which a median and its interval hide.
#pragma once

#include <optional>
#include <vector>

namespace whygpu {

struct TwoGroups {
  double low = 0, high = 0;  // medians of the two groups
  double share_high = 0;     // of all samples
};

// Ashman's D of the best split in two, on the logarithms: nullopt below 5 (a uniform distribution has 3.5), with fewer
// than a tenth of the samples in one group, with medians less than 5% apart, or with fewer than 20 samples.
std::optional<TwoGroups> two_groups(std::vector<double> samples);

}  // namespace whygpu
