#include <algorithm>
#include <cmath>

#include "backends/layers/attention/attention.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

void run(const CausalSoftmax& op, Arguments t) {
  for (Index row = 0; row < op.batch * op.length; ++row) {
    const double* x = t[0] + row * op.length;
    double* y = t[1] + row * op.length;
    const Index seen = row % op.length + 1;
    const double top = *std::max_element(x, x + seen);
    double sum = 0;
    for (Index i = 0; i < op.length; ++i) {
      y[i] = i < seen ? std::exp(op.scale * (x[i] - top)) : 0;
      sum += y[i];
    }
    for (Index i = 0; i < seen; ++i) y[i] /= sum;
  }
}

void run(const CausalSoftmaxGradient& op, Arguments t) {
  for (Index row = 0; row < op.batch * op.length; ++row) {
    const double *dy = t[0] + row * op.length, *y = t[1] + row * op.length;
    const Index seen = row % op.length + 1;
    double sum = 0;
    for (Index i = 0; i < seen; ++i) sum += dy[i] * y[i];
    for (Index i = 0; i < op.length; ++i) t[2][row * op.length + i] = i < seen ? op.scale * y[i] * (dy[i] - sum) : 0;
  }
}

}  // namespace

void add_attention_reference(References& references) {
  references.add<CausalSoftmax>(run);
  references.add<CausalSoftmaxGradient>(run);
}

}  // namespace whygpu::networks
