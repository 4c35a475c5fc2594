#include "backends/layers/host/kernel.h"
#include "backends/layers/mean_square/mean_square.h"

namespace {

using namespace whygpu;

void mean_square(const MeanSquare& op, void* const* t, Range items, float* partial) {
  const auto* target = static_cast<const float*>(t[1]);
  double sum = 0;
  with_type(op.input, [&]<class In>(In*) {
    const In* x = static_cast<const In*>(t[0]);
    for (Index first = items.begin; first < items.end; first += 4096) {
      const Index last = first + 4096 < items.end ? first + 4096 : items.end;
      float block = 0;
#pragma omp simd reduction(+ : block)
      for (Index i = first; i < last; ++i) block += (load(x, i) - target[i]) * (load(x, i) - target[i]);
      sum += block;
    }
  });
  *partial = static_cast<float>(sum);
}

void mean_square_gradient(const MeanSquareGradient& op, void* const* t, Range items, float*) {
  const auto* target = static_cast<const float*>(t[1]);
  const float scale = 2.0F / static_cast<float>(op.count);
  with_type(op.input, [&]<class T>(T*) {
    const T* x = static_cast<const T*>(t[0]);
    T* dx = static_cast<T*>(t[2]);
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) store(dx, i, (load(x, i) - target[i]) * scale);
  });
}

void run(const MeanSquare& op, void* const* t, Team& team) {
  *static_cast<float*>(t[2]) = *sum_items(team, mean_square, op, t, op.count, 1) / static_cast<float>(op.count);
}

void run(const MeanSquareGradient& op, void* const* t, Team& team) {
  run_items(team, mean_square_gradient, op, t, op.count);
}

}  // namespace

WHYGPU_HOST_LAYERS(mean_square) = {layer<MeanSquare, run>(), layer<MeanSquareGradient, run>(), {}};
