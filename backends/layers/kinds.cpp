#include "backends/layers/kinds.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace whygpu::networks {
namespace {

template <class Kind>
const Kind& find(const std::vector<Kind>& kinds, std::string_view name, const char* what) {
  const auto found = std::ranges::find(kinds, name, &Kind::name);
  if (found == kinds.end())
    throw std::invalid_argument("unknown " + std::string(what) + " '" + std::string(name) + "'");
  return *found;
}

}  // namespace

Value NetworkState::marked(const LayerLine& line, std::string_view option) const {
  const std::string& name = line.word(option);
  return name.empty() ? kNone : marks.at(name);
}

const LossKind& find_loss(std::string_view name) { return find(kinds().losses, name, "loss"); }
const OptimiserKind& find_optimiser(std::string_view name) { return find(kinds().optimisers, name, "optimiser"); }

Option activation_option(std::vector<std::string_view> choices) {
  return {"activation", OptionKind::word, "none", std::move(choices)};
}

Activation activation_of(const LayerLine& line) {
  const std::string& word = line.word("activation");
  return word == "relu" ? Activation::relu : word == "gelu" ? Activation::gelu : Activation::none;
}

double weight_bound(std::int64_t inputs, Activation activation) {
  return std::sqrt((activation == Activation::none ? 3.0 : 6.0) / static_cast<double>(inputs));
}

}  // namespace whygpu::networks
