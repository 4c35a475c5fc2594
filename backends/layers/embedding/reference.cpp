#include <algorithm>
#include <cmath>

#include "backends/layers/embedding/embedding.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

void run(const Embedding& op, Arguments t) {
  for (Index i = 0; i < op.batch * op.length * op.width; ++i) {
    const Index row = i / op.width, column = i % op.width;
    const auto token = static_cast<Index>(t[0][row]);
    t[3][i] = t[1][token * op.width + column] + t[2][row % op.length * op.width + column];
  }
}

void run(const EmbeddingGradient& op, Arguments t) {
  if (!op.accumulate) std::fill_n(t[2], op.vocabulary * op.width, 0.0);
  std::fill_n(t[3], op.length * op.width, 0.0);
  for (Index i = 0; i < op.batch * op.length * op.width; ++i) {
    const Index row = i / op.width, column = i % op.width;
    t[2][static_cast<Index>(t[0][row]) * op.width + column] += t[1][i];
    t[3][row % op.length * op.width + column] += t[1][i];
  }
}

}  // namespace

void add_embedding_reference(References& references) {
  references.add<Embedding>(run);
  references.add<EmbeddingGradient>(run);
}

}  // namespace whygpu::networks
