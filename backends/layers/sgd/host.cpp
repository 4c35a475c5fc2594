#include "backends/layers/host/kernel.h"
#include "backends/layers/sgd/sgd.h"

namespace {

using namespace whygpu;

void sgd_momentum(const SgdMomentum& op, void* const* t, Range items, float*) {
  const auto* dw = static_cast<const float*>(t[0]);
  auto *w = static_cast<float*>(t[1]), *v = static_cast<float*>(t[2]);
  const auto momentum = static_cast<float>(op.momentum), rate = static_cast<float>(op.learning_rate);
  const auto step = [&](Index i) {
    v[i] = momentum * v[i] + dw[i];
    return w[i] -= rate * v[i];
  };
  if (op.copy) {
    auto* copy = static_cast<Bf16*>(t[3]);
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) store(copy, i, step(i));
  } else {
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) step(i);
  }
}

void run(const SgdMomentum& op, void* const* t, Team& team) { run_items(team, sgd_momentum, op, t, op.count); }

}  // namespace

WHYGPU_HOST_LAYERS(sgd) = {layer<SgdMomentum, run>(), {}};
