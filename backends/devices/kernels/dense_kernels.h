// Bias, activation, losses, optimisers and other kernels without structure.
#pragma once

#include "backends/devices/kernels/kernels.h"
#include "backends/devices/kernels/vector_math.h"

namespace {

using namespace whygpu;
using kernels::Range;

// Sums over rows go to a block's own row first: a long running sum in f32 would lose what the last rows bring.
constexpr Index kRowBlock = 64;

template <class F>
void sum_rows_in_blocks(Range rows, Index columns, float* partial, F add_row) {
  float* block = partial + columns;
  for (Index i = 0; i < columns; ++i) partial[i] = 0;
  for (Index first = rows.begin; first < rows.end; first += kRowBlock) {
    const Index last = first + kRowBlock < rows.end ? first + kRowBlock : rows.end;
    for (Index i = 0; i < columns; ++i) block[i] = 0;
    for (Index row = first; row < last; ++row) add_row(row, block);
    for (Index i = 0; i < columns; ++i) partial[i] += block[i];
  }
}

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

float largest(const float* x, Index count) {
  float top = x[0];
#pragma omp simd reduction(max : top)
  for (Index i = 0; i < count; ++i) top = x[i] > top ? x[i] : top;
  return top;
}

void softmax_cross_entropy(const SoftmaxCrossEntropy& op, void* const* t, Range rows, float* partial) {
  const auto* labels = static_cast<const int32_t*>(t[1]);
  double loss = 0;
  for (Index row = rows.begin; row < rows.end; ++row) {
    const float* x = static_cast<const float*>(t[0]) + row * op.columns;
    const float top = largest(x, op.columns);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (Index i = 0; i < op.columns; ++i) sum += exp_of(x[i] - top);
    const float logsumexp = top + logf(sum);
    static_cast<float*>(t[2])[row] = logsumexp;
    loss += logsumexp - x[labels[row]];
  }
  *partial = static_cast<float>(loss);
}

void softmax_cross_entropy_gradient(const SoftmaxCrossEntropyGradient& op, void* const* t, Range rows, float*) {
  const auto* labels = static_cast<const int32_t*>(t[1]);
  const float scale = 1.0F / static_cast<float>(op.rows);
  with_type(op.output, [&]<class Out>(Out*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const float* x = static_cast<const float*>(t[0]) + row * op.columns;
      const float logsumexp = static_cast<const float*>(t[2])[row];
      Out* dx = static_cast<Out*>(t[3]) + row * op.columns;
#pragma GCC ivdep
      for (Index i = 0; i < op.columns; ++i) store(dx, i, exp_of(x[i] - logsumexp) * scale);
      store(dx, labels[row], (exp_of(x[labels[row]] - logsumexp) - 1) * scale);
    }
  });
}

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

void add(const Add& op, void* const* t, Range items, float*) {
  with_type(op.dtype, [&]<class T>(T*) {
    const T *a = static_cast<const T*>(t[0]), *b = static_cast<const T*>(t[1]);
    T* c = static_cast<T*>(t[2]);
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) store(c, i, load(a, i) + load(b, i));
  });
}

void sgd_momentum(const SgdMomentum& op, void* const* t, Range items, float*) {
  const auto* dw = static_cast<const float*>(t[0]);
  auto *w = static_cast<float*>(t[1]), *v = static_cast<float*>(t[2]);
  const auto momentum = static_cast<float>(op.momentum), rate = static_cast<float>(op.learning_rate);
  const auto step = [&](Index i) {
    v[i] = momentum * v[i] + dw[i];
    return w[i] -= rate * v[i];
  };
  if (op.copy) {
    auto* copy = static_cast<Bf16*>(t[3]);
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) store(copy, i, step(i));
  } else {
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) step(i);
  }
}

void adamw(const AdamW& op, void* const* t, Range items, float*) {
  const auto* dw = static_cast<const float*>(t[0]);
  auto *w = static_cast<float*>(t[1]), *m = static_cast<float*>(t[2]), *v = static_cast<float*>(t[3]);
  const double steps = *static_cast<const int32_t*>(t[4]);
  const auto beta1 = static_cast<float>(op.beta1), beta2 = static_cast<float>(op.beta2);
  const auto first = static_cast<float>(1 / (1 - pow(op.beta1, steps)));
  const auto second = static_cast<float>(1 / (1 - pow(op.beta2, steps)));
  const auto rate = static_cast<float>(op.learning_rate), epsilon = static_cast<float>(op.epsilon);
  const auto kept = static_cast<float>(1 - op.learning_rate * op.weight_decay);
  const auto step = [&](Index i) {
    m[i] = beta1 * m[i] + (1 - beta1) * dw[i];
    v[i] = beta2 * v[i] + (1 - beta2) * dw[i] * dw[i];
    return w[i] = kept * w[i] - rate * (m[i] * first) / (sqrtf(v[i] * second) + epsilon);
  };
  if (op.copy) {
    auto* copy = static_cast<Bf16*>(t[5]);
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) store(copy, i, step(i));
  } else {
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) step(i);
  }
}

}  // namespace
