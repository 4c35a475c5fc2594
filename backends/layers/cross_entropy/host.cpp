#include "backends/layers/cross_entropy/cross_entropy.h"
#include "backends/layers/host/kernel.h"

namespace {

using namespace whygpu;

void softmax_cross_entropy(const SoftmaxCrossEntropy& op, void* const* t, Range rows, float* partial) {
  const auto* labels = static_cast<const int32_t*>(t[1]);
  double loss = 0;
  for (Index row = rows.begin; row < rows.end; ++row) {
    const float* x = static_cast<const float*>(t[0]) + row * op.columns;
    const float top = largest(x, op.columns);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (Index i = 0; i < op.columns; ++i) sum += exp_of(x[i] - top);
    const float logsumexp = top + logf(sum);
    static_cast<float*>(t[2])[row] = logsumexp;
    loss += logsumexp - x[labels[row]];
  }
  *partial = static_cast<float>(loss);
}

void softmax_cross_entropy_gradient(const SoftmaxCrossEntropyGradient& op, void* const* t, Range rows, float*) {
  const auto* labels = static_cast<const int32_t*>(t[1]);
  const float scale = 1.0F / static_cast<float>(op.rows);
  with_type(op.output, [&]<class Out>(Out*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const float* x = static_cast<const float*>(t[0]) + row * op.columns;
      const float logsumexp = static_cast<const float*>(t[2])[row];
      Out* dx = static_cast<Out*>(t[3]) + row * op.columns;
#pragma GCC ivdep
      for (Index i = 0; i < op.columns; ++i) store(dx, i, exp_of(x[i] - logsumexp) * scale);
      store(dx, labels[row], (exp_of(x[labels[row]] - logsumexp) - 1) * scale);
    }
  });
}

void run(const SoftmaxCrossEntropy& op, void* const* t, Team& team) {
  *static_cast<float*>(t[3]) = *sum_items(team, softmax_cross_entropy, op, t, op.rows, 1) / static_cast<float>(op.rows);
}

void run(const SoftmaxCrossEntropyGradient& op, void* const* t, Team& team) {
  run_items(team, softmax_cross_entropy_gradient, op, t, op.rows);
}

}  // namespace

WHYGPU_HOST_LAYERS(cross_entropy) = {layer<SoftmaxCrossEntropy, run>(), layer<SoftmaxCrossEntropyGradient, run>(), {}};
