#include "backends/layers/adamw/adamw.h"
#include "backends/layers/host/kernel.h"

namespace {

using namespace whygpu;

void adamw(const AdamW& op, void* const* t, Range items, float*) {
  const auto* dw = static_cast<const float*>(t[0]);
  auto *w = static_cast<float*>(t[1]), *m = static_cast<float*>(t[2]), *v = static_cast<float*>(t[3]);
  const double steps = *static_cast<const int32_t*>(t[4]);
  const auto beta1 = static_cast<float>(op.beta1), beta2 = static_cast<float>(op.beta2);
  const auto first = static_cast<float>(1 / (1 - pow(op.beta1, steps)));
  const auto second = static_cast<float>(1 / (1 - pow(op.beta2, steps)));
  const auto rate = static_cast<float>(op.learning_rate), epsilon = static_cast<float>(op.epsilon);
  const auto kept = static_cast<float>(1 - op.learning_rate * op.weight_decay);
  const auto step = [&](Index i) {
    m[i] = beta1 * m[i] + (1 - beta1) * dw[i];
    v[i] = beta2 * v[i] + (1 - beta2) * dw[i] * dw[i];
    return w[i] = kept * w[i] - rate * (m[i] * first) / (sqrtf(v[i] * second) + epsilon);
  };
  if (op.copy) {
    auto* copy = static_cast<Bf16*>(t[5]);
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) store(copy, i, step(i));
  } else {
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) step(i);
  }
}

void run(const AdamW& op, void* const* t, Team& team) {
  ++*static_cast<std::int32_t*>(t[4]);
  run_items(team, adamw, op, t, op.count);
}

}  // namespace

WHYGPU_HOST_LAYERS(adamw) = {layer<AdamW, run>(), {}};
