// Whether the size from which a card is ahead of a CPU is projected right.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace whygpu::projection {

// One family of problems, by ascending size: the logarithm of CPU time over the card's time, published and projected.
struct FamilyOnCard {
  std::string card;
  std::vector<double> sizes;
  std::vector<double> published, projected;
};

// Where `log_ratios` become positive for good: between two sizes, interpolated in the logarithms; the smallest size
// where all are positive, the largest where the last is not. `is_inside`: there is a change of sign.
struct Crossing {
  double size = 0;
  bool is_inside = false;
};
Crossing crossing_of(const std::vector<double>& sizes, const std::vector<double>& log_ratios);

// Whether the projected crossing is at most twice or at least half the published one.
bool within_factor_two(const FamilyOnCard& family);

// Prints a row for each card, and one for all.
void print_crossovers(const std::vector<FamilyOnCard>& families);

}  // namespace whygpu::projection
