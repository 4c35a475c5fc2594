#include "backends/layers/sgd/sgd.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

Layer sgd_step(std::int64_t count, double learning_rate, bool copy) {
  return SgdMomentum{.count = count, .learning_rate = learning_rate, .copy = copy};
}

}  // namespace

void add_sgd_kinds(Kinds& kinds) {
  kinds.optimisers.push_back({.name = "sgd", .learning_rate = 0.01, .state = {{"momentum"}}, .step = sgd_step});
}

}  // namespace whygpu::networks
