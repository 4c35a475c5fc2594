#include <algorithm>
#include <cmath>

#include "backends/layers/cross_entropy/cross_entropy.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

void run(const SoftmaxCrossEntropy& op, Arguments t) {
  t[3][0] = 0;
  for (Index row = 0; row < op.rows; ++row) {
    const double* x = t[0] + row * op.columns;
    const double top = *std::max_element(x, x + op.columns);
    double sum = 0;
    for (Index i = 0; i < op.columns; ++i) sum += std::exp(x[i] - top);
    t[2][row] = top + std::log(sum);
    t[3][0] += (t[2][row] - x[static_cast<Index>(t[1][row])]) / static_cast<double>(op.rows);
  }
}

void run(const SoftmaxCrossEntropyGradient& op, Arguments t) {
  for (Index row = 0; row < op.rows; ++row) {
    for (Index i = 0; i < op.columns; ++i) {
      const Index at = row * op.columns + i;
      const double label = i == static_cast<Index>(t[1][row]) ? 1 : 0;
      t[3][at] = (std::exp(t[0][at] - t[2][row]) - label) / static_cast<double>(op.rows);
    }
  }
}

}  // namespace

void add_cross_entropy_reference(References& references) {
  references.add<SoftmaxCrossEntropy>(run);
  references.add<SoftmaxCrossEntropyGradient>(run);
}

}  // namespace whygpu::networks
