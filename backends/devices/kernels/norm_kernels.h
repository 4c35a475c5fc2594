// Layer norm, batch norm and pooling.
#pragma once

#include "backends/devices/kernels/dense_kernels.h"

namespace {

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

// The arguments of a batch norm's gradient, past the y that only relu has.
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

// y of one window whose sides are 2, the common case, and of any other.
template <class T>
void maximum(const Pooling& op, const T* x, T* y) {
  const Index right = op.c, below = op.w * op.c;
  if (op.window == 2) {
#pragma GCC ivdep
    for (Index c = 0; c < op.c; ++c) {
      const float x0 = load(x, c), x1 = load(x, c + right), x2 = load(x, c + below), x3 = load(x, c + below + right);
      const float upper = x1 > x0 ? x1 : x0, lower = x3 > x2 ? x3 : x2;
      store(y, c, lower > upper ? lower : upper);
    }
    return;
  }
  for (Index c = 0; c < op.c; ++c) {
    float value = load(x, c);
    for (Index r = 0; r < op.window; ++r) {
      for (Index s = 0; s < op.window; ++s) {
        const float other = load(x, r * below + s * right + c);
        value = other > value ? other : value;
      }
    }
    store(y, c, value);
  }
}

template <class T>
void average(const Pooling& op, const T* x, T* y) {
  const float share = 1.0F / static_cast<float>(op.window * op.window);
  for (Index c = 0; c < op.c; ++c) {
    float value = 0;
    for (Index r = 0; r < op.window; ++r) {
      for (Index s = 0; s < op.window; ++s) value += load(x, (r * op.w + s) * op.c + c) * share;
    }
    store(y, c, value);
  }
}

void pooling(const Pooling& op, void* const* t, Range items, float*) {
  const Index q_end = op.w / op.window, p_end = op.h / op.window;
  with_type(op.dtype, [&]<class T>(T*) {
    const auto one_window = op.kind == PoolingKind::maximum ? maximum<T> : average<T>;
    for (Index item = items.begin; item < items.end; ++item) {
      const Index n = item / p_end, p = item % p_end;
      for (Index q = 0; q < q_end; ++q) {
        const T* corner = static_cast<const T*>(t[0]) + ((n * op.h + p * op.window) * op.w + q * op.window) * op.c;
        one_window(op, corner, static_cast<T*>(t[1]) + (item * q_end + q) * op.c);
      }
    }
  });
}

// dx of one window whose sides are 2, the common case, and of any other.
template <class T>
void maximum_gradient(const PoolingGradient& op, const T* dy, const T* x, T* dx) {
  const Index window = op.window;
  if (window == 2) {
    const Index right = op.c, below = op.w * op.c;
#pragma GCC ivdep
    for (Index c = 0; c < op.c; ++c) {
      const float d = load(dy, c), x0 = load(x, c), x1 = load(x, c + right), x2 = load(x, c + below);
      const float x3 = load(x, c + below + right);
      const float upper = x1 > x0 ? x1 : x0, lower = x3 > x2 ? x3 : x2;
      // Selected one after the other: a short-circuit would branch.
      const float from_upper = lower > upper ? 0 : d, from_lower = lower > upper ? d : 0;
      store(dx, c, x1 > x0 ? 0 : from_upper);
      store(dx, c + right, x1 > x0 ? from_upper : 0);
      store(dx, c + below, x3 > x2 ? 0 : from_lower);
      store(dx, c + below + right, x3 > x2 ? from_lower : 0);
    }
    return;
  }
  for (Index c = 0; c < op.c; ++c) {
    Index best = c;
    for (Index r = 0; r < window; ++r) {
      for (Index s = 0; s < window; ++s) {
        const Index at = (r * op.w + s) * op.c + c;
        store(dx, at, 0);
        if (load(x, at) > load(x, best)) best = at;
      }
    }
    store(dx, best, load(dy, c));
  }
}

void pooling_gradient(const PoolingGradient& op, void* const* t, Range items, float*) {
  const Index q_end = op.w / op.window, p_end = op.h / op.window;
  const bool maximum = op.kind == PoolingKind::maximum;
  const float share = 1.0F / static_cast<float>(op.window * op.window);
  with_type(op.dtype, [&]<class T>(T*) {
    T* result = static_cast<T*>(t[maximum ? 2 : 1]);
    for (Index item = items.begin; item < items.end; ++item) {
      const Index n = item / p_end, p = item % p_end;
      // The last item of an image also clears the pixels below that fill no window.
      const Index bottom = p + 1 == p_end ? op.h : (p + 1) * op.window;
      for (Index h = p * op.window; h < bottom; ++h) {
        const Index first = h < p_end * op.window ? q_end * op.window : 0;
        T* row = result + (n * op.h + h) * op.w * op.c;
        for (Index i = first * op.c; i < op.w * op.c; ++i) store(row, i, 0);
      }
      for (Index q = 0; q < q_end; ++q) {
        const Index corner = ((n * op.h + p * op.window) * op.w + q * op.window) * op.c;
        const T* dy = static_cast<const T*>(t[0]) + (item * q_end + q) * op.c;
        T* dx = result + corner;
        if (maximum) {
          maximum_gradient(op, dy, static_cast<const T*>(t[1]) + corner, dx);
          continue;
        }
        for (Index r = 0; r < op.window; ++r) {
          for (Index s = 0; s < op.window; ++s) {
            T* pixel = dx + (r * op.w + s) * op.c;
            for (Index c = 0; c < op.c; ++c) store(pixel, c, load(dy, c) * share);
          }
        }
      }
    }
  });
}

}  // namespace
