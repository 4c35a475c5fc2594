#include "backends/layers/host/kernel.h"
#include "backends/layers/layer_norm/layer_norm.h"

namespace {

using namespace whygpu;

void layer_norm(const LayerNorm& op, void* const* t, Range rows, float*) {
  const auto *gamma = static_cast<const float*>(t[1]), *beta = static_cast<const float*>(t[2]);
  const Index n = op.columns;
  const float share = 1.0F / static_cast<float>(n);
  with_type(op.input, [&]<class In>(In*) {
    with_type(op.output, [&]<class Out>(Out*) {
      for (Index row = rows.begin; row < rows.end; ++row) {
        const In* x = static_cast<const In*>(t[0]) + row * n;
        Out* y = static_cast<Out*>(t[3]) + row * n;
        float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
        for (Index i = 0; i < n; ++i) sum += load(x, i);
        const float mean = sum * share;
#pragma omp simd reduction(+ : squares)
        for (Index i = 0; i < n; ++i) squares += (load(x, i) - mean) * (load(x, i) - mean);
        const float rstd = 1.0F / sqrtf(squares * share + static_cast<float>(kNormEpsilon));
#pragma GCC ivdep
        for (Index i = 0; i < n; ++i) store(y, i, (load(x, i) - mean) * rstd * gamma[i] + beta[i]);
        static_cast<float*>(t[4])[row] = mean;
        static_cast<float*>(t[5])[row] = rstd;
      }
    });
  });
}

void layer_norm_gradient(const LayerNormGradient& op, void* const* t, Range rows, float* partial) {
  const Index n = op.columns;
  const auto* gamma = static_cast<const float*>(t[2]);
  const float share = 1.0F / static_cast<float>(n);
  float* result = static_cast<float*>(t[op.addend ? 6 : 5]);
  with_type(op.input, [&]<class In>(In*) {
    sum_rows_in_blocks(rows, 2 * n, partial, [&](Index row, float* sums) {
      const float* dy = static_cast<const float*>(t[0]) + row * n;
      const In* x = static_cast<const In*>(t[1]) + row * n;
      const float mean = static_cast<const float*>(t[3])[row], rstd = static_cast<const float*>(t[4])[row];
      const float* addend = op.addend ? static_cast<const float*>(t[5]) + row * n : nullptr;
      float* dx = result + row * n;
      float sum = 0, sum_scaled = 0;
#pragma omp simd reduction(+ : sum, sum_scaled)
      for (Index i = 0; i < n; ++i) {
        const float scaled = (load(x, i) - mean) * rstd, d = dy[i] * gamma[i];
        sum += d;
        sum_scaled += d * scaled;
        sums[i] += dy[i] * scaled;
        sums[n + i] += dy[i];
      }
      const float mean_d = sum * share, mean_scaled = sum_scaled * share;
      if (addend != nullptr) {
#pragma GCC ivdep
        for (Index i = 0; i < n; ++i) {
          dx[i] = addend[i] + rstd * (dy[i] * gamma[i] - mean_d - (load(x, i) - mean) * rstd * mean_scaled);
        }
      } else {
#pragma GCC ivdep
        for (Index i = 0; i < n; ++i) {
          dx[i] = rstd * (dy[i] * gamma[i] - mean_d - (load(x, i) - mean) * rstd * mean_scaled);
        }
      }
    });
  });
}

void run(const LayerNorm& op, void* const* t, Team& team) { run_items(team, layer_norm, op, t, op.rows); }

void run(const LayerNormGradient& op, void* const* t, Team& team) {
  const float* sums = sum_items(team, layer_norm_gradient, op, t, op.rows, 2 * op.columns);
  void* const* results = t + (op.addend ? 7 : 6);
  copy_sums(sums, results[0], op.columns);
  copy_sums(sums + op.columns, results[1], op.columns);
}

}  // namespace

WHYGPU_HOST_LAYERS(layer_norm) = {layer<LayerNorm, run>(), layer<LayerNormGradient, run>(), {}};
