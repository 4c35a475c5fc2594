#include "backends/layers/adamw/adamw.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

Layer adamw_step(std::int64_t count, double learning_rate, bool copy) {
  return AdamW{.count = count, .learning_rate = learning_rate, .copy = copy};
}

}  // namespace

void add_adamw_kinds(Kinds& kinds) {
  kinds.optimisers.push_back({.name = "adamw",
                              .learning_rate = 0.001,
                              .state = {{"first moment"}, {"second moment"}, {"steps", false}},
                              .step = adamw_step});
}

}  // namespace whygpu::networks
