#include "backends/layers/host/kernel.h"
#include "backends/layers/lstm/lstm.h"

namespace {

using namespace whygpu;

void lstm_cell(const LstmCell& op, void* const* t, Range rows, float*) {
  const Index n = op.width;
  const auto* bias = static_cast<const float*>(t[2]);
  with_type(op.output, [&]<class Out>(Out*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const float *a = static_cast<const float*>(t[0]) + row * 4 * n,
                  *b = static_cast<const float*>(t[1]) + row * 4 * n;
      const float* before = static_cast<const float*>(t[3]) + row * n;
      float *gates = static_cast<float*>(t[4]) + row * 4 * n, *c = static_cast<float*>(t[5]) + row * n;
      Out* h = static_cast<Out*>(t[6]) + row * n;
#pragma GCC ivdep
      for (Index j = 0; j < n; ++j) {
        const float i = sigmoid(a[j] + b[j] + bias[j]);
        const float f = sigmoid(a[n + j] + b[n + j] + bias[n + j]);
        const float g = tanh_of(a[2 * n + j] + b[2 * n + j] + bias[2 * n + j]);
        const float o = sigmoid(a[3 * n + j] + b[3 * n + j] + bias[3 * n + j]);
        const float cell = f * before[j] + i * g;
        gates[j] = i;
        gates[n + j] = f;
        gates[2 * n + j] = g;
        gates[3 * n + j] = o;
        c[j] = cell;
        store(h, j, o * tanh_of(cell));
      }
    }
  });
}

void lstm_cell_gradient(const LstmCellGradient& op, void* const* t, Range rows, float*) {
  const Index n = op.width;
  with_type(op.output, [&]<class Out>(Out*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const auto state = [&](int argument) { return static_cast<float*>(t[argument]) + row * n; };
      const float *dh_above = state(0), *dh_after = state(1), *dc_after = state(2), *before = state(4), *c = state(5);
      const float* gates = static_cast<const float*>(t[3]) + row * 4 * n;
      Out* da = static_cast<Out*>(t[6]) + row * 4 * n;
      float* dc_before = state(7);
#pragma GCC ivdep
      for (Index j = 0; j < n; ++j) {
        const float i = gates[j], f = gates[n + j], g = gates[2 * n + j], o = gates[3 * n + j];
        const float dh = dh_above[j] + dh_after[j], tanh = tanh_of(c[j]);
        const float dc = dc_after[j] + dh * o * (1 - tanh * tanh);
        store(da, j, dc * g * i * (1 - i));
        store(da, n + j, dc * before[j] * f * (1 - f));
        store(da, 2 * n + j, dc * i * (1 - g * g));
        store(da, 3 * n + j, dh * tanh * o * (1 - o));
        dc_before[j] = dc * f;
      }
    }
  });
}

void run(const LstmCell& op, void* const* t, Team& team) { run_items(team, lstm_cell, op, t, op.rows); }

void run(const LstmCellGradient& op, void* const* t, Team& team) {
  run_items(team, lstm_cell_gradient, op, t, op.rows);
}

}  // namespace

WHYGPU_HOST_LAYERS(lstm) = {layer<LstmCell, run>(), layer<LstmCellGradient, run>(), {}};
