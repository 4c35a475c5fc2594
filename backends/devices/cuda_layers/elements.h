// Operations whose results do not depend on each other: f(i) computes number i.
#pragma once

#include "backends/devices/cuda_layers/values.h"

namespace whygpu::cuda_layers {

struct BiasActivationElement {
  Values x, y;
  const float *bias, *residual;  // residual: null where there is none
  Index columns;
  Activation activation;
  WHYGPU_BOTH void operator()(Index i) const {
    y.set(i, activate(activation, x[i] + bias[i % columns]) + (residual != nullptr ? residual[i] : 0));
  }
};

struct BatchNormElement {
  Values x, residual, y;  // residual: null data where there is none
  const float *gamma, *beta, *mean, *rstd;
  Index columns;
  Activation activation;
  WHYGPU_BOTH void operator()(Index i) const {
    const Index c = i % columns;
    const float normal = (x[i] - mean[c]) * rstd[c] * gamma[c] + beta[c];
    y.set(i, activate(activation, normal + (residual.data != nullptr ? residual[i] : 0)));
  }
};

struct BatchNormGradientElement {
  Values dy, x, y, dx, dresidual;  // y, dresidual: null data where there is none
  const float *gamma, *mean, *rstd, *dgamma, *dbeta;
  Index rows, columns;
  WHYGPU_BOTH void operator()(Index i) const {
    const Index c = i % columns;
    const float d = y.data == nullptr || y[i] > 0 ? dy[i] : 0, share = 1.0F / static_cast<float>(rows);
    const float scaled = (x[i] - mean[c]) * rstd[c];
    if (dresidual.data != nullptr) dresidual.set(i, d);
    dx.set(i, gamma[c] * rstd[c] * (d - dbeta[c] * share - scaled * dgamma[c] * share));
  }
};

// Where element i of an NHWC image lies.
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

// i counts dx: each pixel looks whether it is the first maximum of its window.
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

struct CrossEntropyGradientElement {
  const float* logits;
  const std::int32_t* labels;
  const float* logsumexp;
  Values dx;
  Index rows, columns;
  WHYGPU_BOTH void operator()(Index i) const {
    const Index row = i / columns;
    const float label = i % columns == labels[row] ? 1 : 0;
    dx.set(i, (expf(logits[i] - logsumexp[row]) - label) / static_cast<float>(rows));
  }
};

struct MeanSquareGradientElement {
  Values x, dx;
  const float* target;
  float scale;
  WHYGPU_BOTH void operator()(Index i) const { dx.set(i, (x[i] - target[i]) * scale); }
};

struct EmbeddingElement {
  const std::int32_t* tokens;
  const float *table, *positions;
  float* y;
  Index length, width;
  WHYGPU_BOTH void operator()(Index i) const {
    const Index row = i / width, column = i % width;
    y[i] = table[tokens[row] * width + column] + positions[row % length * width + column];
  }
};

struct ZeroElement {
  float* values;
  WHYGPU_BOTH void operator()(Index i) const { values[i] = 0; }
};

// Equal tokens add up in the order in which they come, which is not the same from run to run.
struct EmbeddingGradientElement {
  const std::int32_t* tokens;
  const float* dy;
  float *dtable, *dpositions;
  Index length, width;
  WHYGPU_BOTH void operator()(Index i) const {
    const Index row = i / width, column = i % width;
    atomic_add(dtable + tokens[row] * width + column, dy[i]);
    atomic_add(dpositions + row % length * width + column, dy[i]);
  }
};

struct LstmCellElement {
  const float *from_input, *from_state, *bias, *before;
  float *gates, *c;
  Values h;
  Index width;
  WHYGPU_BOTH float sum(Index row, Index gate, Index column) const {
    const Index at = gate * width + column;
    return from_input[row * 4 * width + at] + from_state[row * 4 * width + at] + bias[at];
  }
  WHYGPU_BOTH void operator()(Index at) const {
    const Index row = at / width, column = at % width;
    const float i = sigmoid(sum(row, 0, column)), f = sigmoid(sum(row, 1, column));
    const float g = tanhf(sum(row, 2, column)), o = sigmoid(sum(row, 3, column));
    float* gate = gates + row * 4 * width + column;
    gate[0] = i;
    gate[width] = f;
    gate[2 * width] = g;
    gate[3 * width] = o;
    c[at] = f * before[at] + i * g;
    h.set(at, o * tanhf(c[at]));
  }
};

struct LstmCellGradientElement {
  const float *dh_above, *dh_after, *dc_after, *gates, *before, *c;
  Values da;
  float* dc_before;
  Index width;
  WHYGPU_BOTH void operator()(Index at) const {
    const Index row = at / width, first = row * 4 * width + at % width;
    const float i = gates[first], f = gates[first + width], g = gates[first + 2 * width], o = gates[first + 3 * width];
    const float dh = dh_above[at] + dh_after[at], tanh = tanhf(c[at]), dc = dc_after[at] + dh * o * (1 - tanh * tanh);
    da.set(first, dc * g * i * (1 - i));
    da.set(first + width, dc * before[at] * f * (1 - f));
    da.set(first + 2 * width, dc * i * (1 - g * g));
    da.set(first + 3 * width, dh * tanh * o * (1 - o));
    dc_before[at] = dc * f;
  }
};

struct PermuteElement {
  Values x, y;
  Index extent[5], step[5];  // of y's axes, and what one step along them is in x
  PermuteElement(const Permute& op, void* const* t) : x(t[0], op.input), y(t[1], op.output) {
    Index stride[5] = {1, 1, 1, 1, 1};
    for (int axis = 3; axis >= 0; --axis) stride[axis] = stride[axis + 1] * op.shape[axis + 1];
    for (int axis = 0; axis < 5; ++axis) {
      extent[axis] = op.shape[op.order[axis]];
      step[axis] = stride[op.order[axis]];
    }
  }
  WHYGPU_BOTH void operator()(Index i) const {
    Index rest = i, from = 0;
    for (int axis = 4; axis >= 0; --axis) {
      from += rest % extent[axis] * step[axis];
      rest /= extent[axis];
    }
    y.set(i, x[from]);
  }
};

struct AddElement {
  Values a, b, sum;
  WHYGPU_BOTH void operator()(Index i) const { sum.set(i, a[i] + b[i]); }
};

struct SgdMomentumElement {
  const float* dw;
  float *w, *v;
  Values copy;  // null data where there is none
  float rate, momentum;
  WHYGPU_BOTH void operator()(Index i) const {
    v[i] = momentum * v[i] + dw[i];
    w[i] -= rate * v[i];
    if (copy.data != nullptr) copy.set(i, w[i]);
  }
};

struct CountElement {
  std::int32_t* steps;
  WHYGPU_BOTH void operator()(Index) const { ++*steps; }
};

struct AdamWElement {
  const float* dw;
  float *w, *m, *v;
  const std::int32_t* steps;
  Values copy;
  float rate, kept, beta1, beta2, log_beta1, log_beta2, epsilon;
  WHYGPU_BOTH void operator()(Index i) const {
    const auto t = static_cast<float>(*steps);
    m[i] = beta1 * m[i] + (1 - beta1) * dw[i];
    v[i] = beta2 * v[i] + (1 - beta2) * dw[i] * dw[i];
    // 1 - β^t without cancellation.
    const float first = m[i] / -expm1f(t * log_beta1), second = v[i] / -expm1f(t * log_beta2);
    w[i] = kept * w[i] - rate * first / (sqrtf(second) + epsilon);
    if (copy.data != nullptr) copy.set(i, w[i]);
  }
};

}  // namespace whygpu::cuda_layers
