#include "backends/layers/bias_activation/bias_activation.h"
#include "backends/layers/host/kernel.h"

namespace {

using namespace whygpu;

constexpr float kGeluRoot = 0.7978845608F, kGeluCubic = 0.044715F;

struct None {
  static float value(float x) { return x; }
};

struct Relu {
  static float value(float x) { return x > 0 ? x : 0; }
};

struct Gelu {  // x/2 · (1 + tanh(u)) = x · σ(2u)
  static float value(float x) { return x * sigmoid(2 * kGeluRoot * (x + kGeluCubic * x * x * x)); }
  static float slope(float x) {
    const float s = sigmoid(2 * kGeluRoot * (x + kGeluCubic * x * x * x));
    return s + x * s * (1 - s) * 2 * kGeluRoot * (1 + 3 * kGeluCubic * x * x);
  }
};

template <class F>
void with_activation(Activation activation, F f) {
  if (activation == Activation::relu) return f(Relu{});
  if (activation == Activation::gelu) return f(Gelu{});
  f(None{});
}

void bias_activation(const BiasActivation& op, void* const* t, Range rows, float*) {
  const auto* bias = static_cast<const float*>(t[1]);
  const auto* residual = op.residual ? static_cast<const float*>(t[2]) : nullptr;
  void* result = t[op.residual ? 3 : 2];
  with_type(op.input, [&]<class In>(In*) {
    with_type(op.output, [&]<class Out>(Out*) {
      with_activation(op.activation, [&]<class F>(F) {
        for (Index row = rows.begin; row < rows.end; ++row) {
          const In* x = static_cast<const In*>(t[0]) + row * op.columns;
          Out* y = static_cast<Out*>(result) + row * op.columns;
          if (residual != nullptr) {
            const float* r = residual + row * op.columns;
#pragma GCC ivdep
            for (Index i = 0; i < op.columns; ++i) store(y, i, F::value(load(x, i) + bias[i]) + r[i]);
          } else {
#pragma GCC ivdep
            for (Index i = 0; i < op.columns; ++i) store(y, i, F::value(load(x, i) + bias[i]));
          }
        }
      });
    });
  });
}

void bias_activation_gradient(const BiasActivationGradient& op, void* const* t, Range rows, float* partial) {
  const bool saved = op.activation != Activation::none, gelu = op.activation == Activation::gelu;
  void* result = t[1 + (saved ? 1 : 0) + (gelu ? 1 : 0)];
  const auto* bias = gelu ? static_cast<const float*>(t[2]) : nullptr;
  with_type(op.input, [&]<class In>(In*) {
    with_type(op.saved, [&]<class Saved>(Saved*) {
      with_type(op.output, [&]<class Out>(Out*) {
        sum_rows_in_blocks(rows, op.columns, partial, [&](Index row, float* sums) {
          const In* dy = static_cast<const In*>(t[0]) + row * op.columns;
          const Saved* s = saved ? static_cast<const Saved*>(t[1]) + row * op.columns : nullptr;
          Out* dx = static_cast<Out*>(result) + row * op.columns;
          if (gelu) {
#pragma GCC ivdep
            for (Index i = 0; i < op.columns; ++i) {
              const float d = load(dy, i) * Gelu::slope(load(s, i) + bias[i]);
              store(dx, i, d);
              sums[i] += d;
            }
          } else if (saved) {
#pragma GCC ivdep
            for (Index i = 0; i < op.columns; ++i) {
              const float d = load(s, i) > 0 ? load(dy, i) : 0;
              store(dx, i, d);
              sums[i] += d;
            }
          } else {
#pragma GCC ivdep
            for (Index i = 0; i < op.columns; ++i) {
              const float d = load(dy, i);
              store(dx, i, d);
              sums[i] += d;
            }
          }
        });
      });
    });
  });
}

void column_sum(const ColumnSum& op, void* const* t, Range rows, float* partial) {
  with_type(op.input, [&]<class In>(In*) {
    sum_rows_in_blocks(rows, op.columns, partial, [&](Index row, float* sums) {
      const In* x = static_cast<const In*>(t[0]) + row * op.columns;
#pragma GCC ivdep
      for (Index i = 0; i < op.columns; ++i) sums[i] += load(x, i);
    });
  });
}

void run(const BiasActivation& op, void* const* t, Team& team) { run_items(team, bias_activation, op, t, op.rows); }

void run(const BiasActivationGradient& op, void* const* t, Team& team) {
  const int dbias = op.activation == Activation::none ? 2 : op.activation == Activation::relu ? 3 : 4;
  copy_sums(sum_items(team, bias_activation_gradient, op, t, op.rows, op.columns), t[dbias], op.columns);
}

void run(const ColumnSum& op, void* const* t, Team& team) {
  copy_sums(sum_items(team, column_sum, op, t, op.rows, op.columns), t[1], op.columns);
}

}  // namespace

WHYGPU_HOST_LAYERS(bias_activation) = {
    layer<BiasActivation, run>(), layer<BiasActivationGradient, run>(), layer<ColumnSum, run>(), {}};
