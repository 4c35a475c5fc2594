#include <algorithm>
#include <cmath>

#include "backends/layers/mean_square/mean_square.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

void run(const MeanSquare& op, Arguments t) {
  t[2][0] = 0;
  for (Index i = 0; i < op.count; ++i) t[2][0] += std::pow(t[0][i] - t[1][i], 2) / static_cast<double>(op.count);
}

void run(const MeanSquareGradient& op, Arguments t) {
  for (Index i = 0; i < op.count; ++i) t[2][i] = 2 * (t[0][i] - t[1][i]) / static_cast<double>(op.count);
}

}  // namespace

void add_mean_square_reference(References& references) {
  references.add<MeanSquare>(run);
  references.add<MeanSquareGradient>(run);
}

}  // namespace whygpu::networks
