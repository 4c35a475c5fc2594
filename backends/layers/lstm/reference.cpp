#include <algorithm>
#include <cmath>

#include "backends/layers/lstm/lstm.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

void run(const LstmCell& op, Arguments t) {
  for (Index row = 0; row < op.rows; ++row) {
    for (Index column = 0; column < op.width; ++column) {
      const auto sum = [&](Index gate) {
        const Index at = gate * op.width + column;
        return t[0][row * 4 * op.width + at] + t[1][row * 4 * op.width + at] + t[2][at];
      };
      const double i = sigmoid(sum(0)), f = sigmoid(sum(1)), g = std::tanh(sum(2)), o = sigmoid(sum(3));
      const Index at = row * op.width + column;
      double* gates = t[4] + row * 4 * op.width + column;
      gates[0] = i, gates[op.width] = f, gates[2 * op.width] = g, gates[3 * op.width] = o;
      t[5][at] = f * t[3][at] + i * g;
      t[6][at] = o * std::tanh(t[5][at]);
    }
  }
}

void run(const LstmCellGradient& op, Arguments t) {
  for (Index row = 0; row < op.rows; ++row) {
    for (Index column = 0; column < op.width; ++column) {
      const Index at = row * op.width + column;
      const double* gates = t[3] + row * 4 * op.width + column;
      const double i = gates[0], f = gates[op.width], g = gates[2 * op.width], o = gates[3 * op.width];
      const double dh = t[0][at] + t[1][at], tanh = std::tanh(t[5][at]), dc = t[2][at] + dh * o * (1 - tanh * tanh);
      double* da = t[6] + row * 4 * op.width + column;
      da[0] = dc * g * i * (1 - i);
      da[op.width] = dc * t[4][at] * f * (1 - f);
      da[2 * op.width] = dc * i * (1 - g * g);
      da[3 * op.width] = dh * tanh * o * (1 - o);
      t[7][at] = dc * f;
    }
  }
}

}  // namespace

void add_lstm_reference(References& references) {
  references.add<LstmCell>(run);
  references.add<LstmCellGradient>(run);
}

}  // namespace whygpu::networks
