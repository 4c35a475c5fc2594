#include "backends/layers/host/kernel.h"
#include "backends/layers/pooling/pooling.h"

namespace {

using namespace whygpu;

// y of one window, of size 2 (the common case) or any other.
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

// dx of one window, of size 2 (the common case) or any other.
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
      // Two separate selections, because a short-circuit would branch.
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
      // The last item of an image also clears the pixels below that belong to no window.
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

void run(const Pooling& op, void* const* t, Team& team) { run_items(team, pooling, op, t, op.n * (op.h / op.window)); }

void run(const PoolingGradient& op, void* const* t, Team& team) {
  run_items(team, pooling_gradient, op, t, op.n * (op.h / op.window));
}

}  // namespace

WHYGPU_HOST_LAYERS(pooling) = {layer<Pooling, run>(), layer<PoolingGradient, run>(), {}};
