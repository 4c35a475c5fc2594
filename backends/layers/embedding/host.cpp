#include "backends/layers/embedding/embedding.h"
#include "backends/layers/host/kernel.h"

namespace {

using namespace whygpu;

void embedding(const Embedding& op, void* const* t, Range rows, float*) {
  const auto* tokens = static_cast<const int32_t*>(t[0]);
  for (Index row = rows.begin; row < rows.end; ++row) {
    const float* table = static_cast<const float*>(t[1]) + tokens[row] * op.width;
    const float* position = static_cast<const float*>(t[2]) + row % op.length * op.width;
    float* y = static_cast<float*>(t[3]) + row * op.width;
#pragma GCC ivdep
    for (Index i = 0; i < op.width; ++i) y[i] = table[i] + position[i];
  }
}

// Each task has its own columns of the tables, so the gradients of equal tokens are added in order and without locks.
void embedding_gradient(const EmbeddingGradient& op, void* const* t, Range columns, float*) {
  const auto* tokens = static_cast<const int32_t*>(t[0]);
  const auto* dy = static_cast<const float*>(t[1]);
  auto *dtable = static_cast<float*>(t[2]), *dpositions = static_cast<float*>(t[3]);
  const auto clear = [&](float* table, Index count) {
    for (Index row = 0; row < count; ++row) {
      for (Index i = columns.begin; i < columns.end; ++i) table[row * op.width + i] = 0;
    }
  };
  if (!op.accumulate) clear(dtable, op.vocabulary);
  clear(dpositions, op.length);
  for (Index row = 0; row < op.batch * op.length; ++row) {
    float* token = dtable + tokens[row] * op.width;
    float* position = dpositions + row % op.length * op.width;
#pragma GCC ivdep
    for (Index i = columns.begin; i < columns.end; ++i) {
      token[i] += dy[row * op.width + i];
      position[i] += dy[row * op.width + i];
    }
  }
}

void run(const Embedding& op, void* const* t, Team& team) { run_items(team, embedding, op, t, op.batch * op.length); }

void run(const EmbeddingGradient& op, void* const* t, Team& team) {
  run_items(team, embedding_gradient, op, t, op.width);
}

}  // namespace

WHYGPU_HOST_LAYERS(embedding) = {layer<Embedding, run>(), layer<EmbeddingGradient, run>(), {}};
