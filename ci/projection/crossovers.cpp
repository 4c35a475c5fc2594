#include "ci/projection/crossovers.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

namespace whygpu::projection {

Crossing crossing_of(const std::vector<double>& sizes, const std::vector<double>& log_ratios) {
  std::size_t first = sizes.size();  // of those that are ahead up to the largest
  while (first > 0 && log_ratios[first - 1] > 0) --first;
  if (first == 0) return {sizes.front()};
  if (first == sizes.size()) return {sizes.back()};
  const double behind = log_ratios[first - 1], ahead = log_ratios[first];
  const double share = -behind / (ahead - behind);
  return {sizes[first - 1] * std::pow(sizes[first] / sizes[first - 1], share), true};
}

bool within_factor_two(const FamilyOnCard& family) {
  const double published = crossing_of(family.sizes, family.published).size;
  const double projected = crossing_of(family.sizes, family.projected).size;
  return std::abs(std::log(projected / published)) <= std::log(2.0) + 1e-12;
}

void print_crossovers(const std::vector<FamilyOnCard>& families) {
  struct Count {
    int all = 0, right = 0, inside = 0, inside_right = 0;

    std::string row() const {
      return fmt::format("{} | {:.0f}% | {} | {}", all, 100.0 * right / all, inside,
                         inside == 0 ? std::string() : fmt::format("{:.0f}%", 100.0 * inside_right / inside));
    }
  };
  std::map<std::string, Count> cards;
  Count total;
  for (const auto& family : families) {
    const bool right = within_factor_two(family);
    const bool inside = crossing_of(family.sizes, family.published).is_inside;
    for (Count* count : {&cards[family.card], &total}) {
      ++count->all, count->right += right, count->inside += inside, count->inside_right += right && inside;
    }
  }
  fmt::print(
      "### Crossover\n\n| card left out | families | within a factor of two | of which cross | within a factor of two "
      "|\n"
      "|---|---|---|---|---|\n");
  for (const auto& [card, count] : cards) fmt::print("| {} | {} |\n", card, count.row());
  if (total.all > 0) fmt::print("| all | {} |\n\n", total.row());
}

}  // namespace whygpu::projection
