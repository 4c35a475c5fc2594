#include "backends/layers/attention/attention.h"
#include "backends/layers/host/kernel.h"

namespace {

using namespace whygpu;

void causal_softmax(const CausalSoftmax& op, void* const* t, Range rows, float*) {
  const auto scale = static_cast<float>(op.scale);
  with_type(op.output, [&]<class Out>(Out*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const float* x = static_cast<const float*>(t[0]) + row * op.length;
      Out* y = static_cast<Out*>(t[1]) + row * op.length;
      const Index seen = row % op.length + 1;
      const float top = largest(x, seen);
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (Index i = 0; i < seen; ++i) sum += exp_of(scale * (x[i] - top));
      const float share = 1.0F / sum;
#pragma GCC ivdep
      for (Index i = 0; i < seen; ++i) store(y, i, exp_of(scale * (x[i] - top)) * share);
      for (Index i = seen; i < op.length; ++i) store(y, i, 0);
    }
  });
}

void causal_softmax_gradient(const CausalSoftmaxGradient& op, void* const* t, Range rows, float*) {
  const auto scale = static_cast<float>(op.scale);
  with_type(op.output, [&]<class Out>(Out*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const float* dy = static_cast<const float*>(t[0]) + row * op.length;
      const Out* y = static_cast<const Out*>(t[1]) + row * op.length;
      Out* dx = static_cast<Out*>(t[2]) + row * op.length;
      const Index seen = row % op.length + 1;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (Index i = 0; i < seen; ++i) sum += dy[i] * load(y, i);
#pragma GCC ivdep
      for (Index i = 0; i < seen; ++i) store(dx, i, scale * load(y, i) * (dy[i] - sum));
      for (Index i = seen; i < op.length; ++i) store(dx, i, 0);
    }
  });
}

void run(const CausalSoftmax& op, void* const* t, Team& team) {
  run_items(team, causal_softmax, op, t, op.batch * op.length);
}

void run(const CausalSoftmaxGradient& op, void* const* t, Team& team) {
  run_items(team, causal_softmax_gradient, op, t, op.batch * op.length);
}

}  // namespace

WHYGPU_HOST_LAYERS(attention) = {layer<CausalSoftmax, run>(), layer<CausalSoftmaxGradient, run>(), {}};
