#include <algorithm>
#include <cmath>

#include "backends/layers/adamw/adamw.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

void run(const AdamW& op, Arguments t) {
  const double step = ++t[4][0];
  for (Index i = 0; i < op.count; ++i) {
    t[2][i] = op.beta1 * t[2][i] + (1 - op.beta1) * t[0][i];
    t[3][i] = op.beta2 * t[3][i] + (1 - op.beta2) * t[0][i] * t[0][i];
    const double first = t[2][i] / (1 - std::pow(op.beta1, step)), second = t[3][i] / (1 - std::pow(op.beta2, step));
    t[1][i] -= op.learning_rate * (first / (std::sqrt(second) + op.epsilon) + op.weight_decay * t[1][i]);
  }
}

}  // namespace

void add_adamw_reference(References& references) { references.add<AdamW>(run); }

}  // namespace whygpu::networks
