#pragma once

#include "backends/layers/cuda/values.h"
#include "backends/layers/pooling/pooling.h"

namespace whygpu::cuda_layers {

// The position of element i in an NHWC image.
struct Pixel {
  Index n, h, w, c;
  WHYGPU_BOTH Pixel(Index i, Index height, Index width, Index channels)
      : n(i / channels / width / height), h(i / channels / width % height), w(i / channels % width), c(i % channels) {}
};

struct PoolingElement {
  Values x, y;
  Index h, w, c, window;
  bool maximum;
  WHYGPU_BOTH void operator()(Index i) const {
    const Pixel at(i, h / window, w / window, c);
    float value = 0;
    for (Index r = 0; r < window; ++r) {
      for (Index s = 0; s < window; ++s) {
        const float candidate = x[((at.n * h + at.h * window + r) * w + at.w * window + s) * c + at.c];
        if (!maximum) value += candidate / static_cast<float>(window * window);
        if (maximum && ((r == 0 && s == 0) || candidate > value)) value = candidate;
      }
    }
    y.set(i, value);
  }
};

// i is an index into dx: each pixel checks whether it is the first maximum of its window.
struct PoolingGradientElement {
  Values dy, x, dx;
  Index h, w, c, window;
  bool maximum;
  WHYGPU_BOTH void operator()(Index i) const {
    const Pixel at(i, h, w, c);
    const Index p = at.h / window, q = at.w / window, p_end = h / window, q_end = w / window;
    if (p >= p_end || q >= q_end) return dx.set(i, 0);
    const float d = dy[((at.n * p_end + p) * q_end + q) * c + at.c];
    if (!maximum) return dx.set(i, d / static_cast<float>(window * window));
    Index best = -1;
    for (Index r = 0; r < window; ++r) {
      for (Index s = 0; s < window; ++s) {
        const Index candidate = ((at.n * h + p * window + r) * w + q * window + s) * c + at.c;
        if (best < 0 || x[candidate] > x[best]) best = candidate;
      }
    }
    dx.set(i, best == i ? d : 0);
  }
};

template <class Launcher>
void run(const Pooling& op, Storage t, Launcher& launch) {
  launch.elements(
      op.n * (op.h / op.window) * (op.w / op.window) * op.c,
      PoolingElement{{t[0], op.dtype}, {t[1], op.dtype}, op.h, op.w, op.c, op.window, op.kind == PoolingKind::maximum});
}

template <class Launcher>
void run(const PoolingGradient& op, Storage t, Launcher& launch) {
  const bool maximum = op.kind == PoolingKind::maximum;
  launch.elements(op.n * op.h * op.w * op.c, PoolingGradientElement{{t[0], op.dtype},
                                                                    {maximum ? t[1] : nullptr, op.dtype},
                                                                    {t[maximum ? 2 : 1], op.dtype},
                                                                    op.h,
                                                                    op.w,
                                                                    op.c,
                                                                    op.window,
                                                                    maximum});
}

template <class Launcher>
void add_pooling(CudaLayers<Launcher>& layers) {
  layers.template add<Pooling>(run<Launcher>);
  layers.template add<PoolingGradient>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
