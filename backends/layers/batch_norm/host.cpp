#include "backends/layers/batch_norm/batch_norm.h"
#include "backends/layers/host/kernel.h"

namespace {

using namespace whygpu;

void batch_norm_sums(const BatchNorm& op, void* const* t, Range rows, float* partial) {
  const Index n = op.columns;
  with_type(op.dtype, [&]<class T>(T*) {
    const T* pivot = static_cast<const T*>(t[0]);
    sum_rows_in_blocks(rows, 2 * n, partial, [&](Index row, float* sums) {
      const T* x = pivot + row * n;
#pragma GCC ivdep
      for (Index i = 0; i < n; ++i) {
        const float d = load(x, i) - load(pivot, i);
        sums[i] += d;
        sums[n + i] += d * d;
      }
    });
  });
}

void batch_norm(const BatchNorm& op, void* const* t, Range rows, float*) {
  const Index n = op.columns;
  const auto *gamma = static_cast<const float*>(t[1]), *beta = static_cast<const float*>(t[2]);
  void* const* results = t + (op.residual ? 4 : 3);
  const auto *mean = static_cast<const float*>(results[1]), *rstd = static_cast<const float*>(results[2]);
  const float floor = op.activation == Activation::relu ? 0 : -__builtin_inff();
  with_type(op.dtype, [&]<class T>(T*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const T* x = static_cast<const T*>(t[0]) + row * n;
      T* y = static_cast<T*>(results[0]) + row * n;
      const auto normal = [&](Index i) { return (load(x, i) - mean[i]) * rstd[i] * gamma[i] + beta[i]; };
      if (op.residual) {
        const T* residual = static_cast<const T*>(t[3]) + row * n;
#pragma GCC ivdep
        for (Index i = 0; i < n; ++i) {
          const float value = normal(i) + load(residual, i);
          store(y, i, value > floor ? value : floor);
        }
      } else {
#pragma GCC ivdep
        for (Index i = 0; i < n; ++i) {
          const float value = normal(i);
          store(y, i, value > floor ? value : floor);
        }
      }
    }
  });
}

// The arguments of a batch norm's gradient. Only relu has y.
struct BatchNormGradientArguments {
  const void *dy, *x, *y;
  const float *gamma, *mean, *rstd;
  void* dx;
  const float *dgamma, *dbeta;
  void* dresidual;

  BatchNormGradientArguments(const BatchNormGradient& op, void* const* t) : dy(t[0]), x(t[1]) {
    const bool relu = op.activation == Activation::relu;
    y = relu ? t[2] : nullptr;
    void* const* rest = t + (relu ? 3 : 2);
    gamma = static_cast<const float*>(rest[0]);
    mean = static_cast<const float*>(rest[1]);
    rstd = static_cast<const float*>(rest[2]);
    dx = rest[3];
    dgamma = static_cast<const float*>(rest[4]);
    dbeta = static_cast<const float*>(rest[5]);
    dresidual = op.residual ? rest[6] : nullptr;
  }
};

void batch_norm_gradient_sums(const BatchNormGradient& op, void* const* t, Range rows, float* partial) {
  const Index n = op.columns;
  const BatchNormGradientArguments a(op, t);
  with_type(op.dtype, [&]<class T>(T*) {
    sum_rows_in_blocks(rows, 2 * n, partial, [&](Index row, float* sums) {
      const T *dy = static_cast<const T*>(a.dy) + row * n, *x = static_cast<const T*>(a.x) + row * n;
      // Without relu every element passes: x stands in for y and the comparison is with minus infinity.
      const T* y = a.y != nullptr ? static_cast<const T*>(a.y) + row * n : x;
      const float floor = a.y != nullptr ? 0 : -__builtin_inff();
#pragma GCC ivdep
      for (Index i = 0; i < n; ++i) {
        const float d = load(y, i) > floor ? load(dy, i) : 0;
        sums[i] += d * (load(x, i) - a.mean[i]) * a.rstd[i];
        sums[n + i] += d;
      }
    });
  });
}

void batch_norm_gradient(const BatchNormGradient& op, void* const* t, Range rows, float*) {
  const Index n = op.columns;
  const BatchNormGradientArguments a(op, t);
  const float share = 1.0F / static_cast<float>(op.rows);
  with_type(op.dtype, [&]<class T>(T*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const T *dy = static_cast<const T*>(a.dy) + row * n, *x = static_cast<const T*>(a.x) + row * n;
      const T* y = a.y != nullptr ? static_cast<const T*>(a.y) + row * n : x;
      const float floor = a.y != nullptr ? 0 : -__builtin_inff();
      T* dx = static_cast<T*>(a.dx) + row * n;
      const auto gradient = [&](Index i) { return load(y, i) > floor ? load(dy, i) : 0; };
      const auto result = [&](Index i, float d) {
        const float scaled = (load(x, i) - a.mean[i]) * a.rstd[i];
        return a.gamma[i] * a.rstd[i] * (d - a.dbeta[i] * share - scaled * a.dgamma[i] * share);
      };
      if (a.dresidual != nullptr) {
        T* dresidual = static_cast<T*>(a.dresidual) + row * n;
#pragma GCC ivdep
        for (Index i = 0; i < n; ++i) {
          const float d = gradient(i);
          store(dresidual, i, d);
          store(dx, i, result(i, d));
        }
      } else {
#pragma GCC ivdep
        for (Index i = 0; i < n; ++i) store(dx, i, result(i, gradient(i)));
      }
    }
  });
}

void run(const BatchNorm& op, void* const* t, Team& team) {
  if (!op.fixed) {
    const float* sums = sum_items(team, batch_norm_sums, op, t, op.rows, 2 * op.columns);
    auto* const* results = t + (op.residual ? 5 : 4);
    auto *mean = static_cast<float*>(results[0]), *rstd = static_cast<float*>(results[1]);
    const auto rows = static_cast<double>(op.rows);
    for (std::int64_t i = 0; i < op.columns; ++i) {
      const float pivot =
          op.dtype == DType::bf16 ? load(static_cast<const Bf16*>(t[0]), i) : load(static_cast<const float*>(t[0]), i);
      const double shift = sums[i] / rows, variance = sums[op.columns + i] / rows - shift * shift;
      mean[i] = static_cast<float>(pivot + shift);
      rstd[i] = static_cast<float>(1 / sqrt((variance > 0 ? variance : 0) + kNormEpsilon));
    }
  }
  run_items(team, batch_norm, op, t, op.rows);
}

void run(const BatchNormGradient& op, void* const* t, Team& team) {
  const float* sums = sum_items(team, batch_norm_gradient_sums, op, t, op.rows, 2 * op.columns);
  void* const* results = t + (op.activation == Activation::relu ? 7 : 6);
  copy_sums(sums, results[0], op.columns);
  copy_sums(sums + op.columns, results[1], op.columns);
  run_items(team, batch_norm_gradient, op, t, op.rows);
}

}  // namespace

WHYGPU_HOST_LAYERS(batch_norm) = {layer<BatchNorm, run>(), layer<BatchNormGradient, run>(), {}};
