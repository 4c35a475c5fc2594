#pragma once

#include "backends/layers/cuda/values.h"
#include "backends/layers/lstm/lstm.h"

namespace whygpu::cuda_layers {

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

template <class Launcher>
void run(const LstmCell& op, Storage t, Launcher& launch) {
  launch.elements(op.rows * op.width, LstmCellElement{floats(t[0]),
                                                      floats(t[1]),
                                                      floats(t[2]),
                                                      floats(t[3]),
                                                      floats(t[4]),
                                                      floats(t[5]),
                                                      {t[6], op.output},
                                                      op.width});
}

template <class Launcher>
void run(const LstmCellGradient& op, Storage t, Launcher& launch) {
  launch.elements(op.rows * op.width, LstmCellGradientElement{floats(t[0]),
                                                              floats(t[1]),
                                                              floats(t[2]),
                                                              floats(t[3]),
                                                              floats(t[4]),
                                                              floats(t[5]),
                                                              {t[6], op.output},
                                                              floats(t[7]),
                                                              op.width});
}

template <class Launcher>
void add_lstm(CudaLayers<Launcher>& layers) {
  layers.template add<LstmCell>(run<Launcher>);
  layers.template add<LstmCellGradient>(run<Launcher>);
}

}  // namespace whygpu::cuda_layers
