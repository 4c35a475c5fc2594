#include <algorithm>
#include <cmath>

#include "backends/layers/reference.h"
#include "backends/layers/sgd/sgd.h"

namespace whygpu::networks {
namespace {

void run(const SgdMomentum& op, Arguments t) {
  for (Index i = 0; i < op.count; ++i) {
    t[2][i] = op.momentum * t[2][i] + t[0][i];
    t[1][i] -= op.learning_rate * t[2][i];
  }
}

}  // namespace

void add_sgd_reference(References& references) { references.add<SgdMomentum>(run); }

}  // namespace whygpu::networks
