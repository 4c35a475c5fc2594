#include "backends/layers/reference.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace whygpu::networks {
namespace {

void run(const Gemm& g, Arguments t) {
  for (Index batch = 0; batch < g.batch; ++batch) {
    const double *a = t[0] + batch * g.m * g.k, *b = t[1] + batch * g.k * g.n;
    double* c = t[2] + batch * g.m * g.n;
    std::fill_n(c, g.m * g.n, 0.0);
    for (Index i = 0; i < g.m; ++i) {
      for (Index p = 0; p < g.k; ++p) {
        const double x = g.transpose_a ? a[p * g.m + i] : a[i * g.k + p];
        const double* row = g.transpose_b ? b + p : b + p * g.n;
        const Index stride = g.transpose_b ? g.k : 1;
        for (Index j = 0; j < g.n; ++j) c[i * g.n + j] += x * row[j * stride];
      }
    }
  }
}

void run(const Convolution& v, Arguments t) {
  double *x = t[0], *w = t[1], *y = t[2];
  const Index channels = v.c / v.groups, filters = v.k / v.groups;
  const std::vector<TensorSpec> specs = v.arguments();
  std::fill_n(t[static_cast<std::size_t>(v.result())], specs[static_cast<std::size_t>(v.result())].elements(), 0.0);
  for (Index n = 0; n < v.n; ++n)
    for (Index p = 0; p < v.p(); ++p)
      for (Index q = 0; q < v.q(); ++q)
        for (Index k = 0; k < v.k; ++k)
          for (Index r = 0; r < v.r; ++r)
            for (Index s = 0; s < v.s; ++s) {
              const Index h = p * v.stride_h - v.pad_h + r * v.dilation_h,
                          column = q * v.stride_w - v.pad_w + s * v.dilation_w;
              if (h < 0 || h >= v.h || column < 0 || column >= v.w) continue;
              double* pixel = x + ((n * v.h + h) * v.w + column) * v.c + k / filters * channels;
              double* tap = w + ((k * v.r + r) * v.s + s) * channels;
              double& result = y[((n * v.p() + p) * v.q() + q) * v.k + k];
              for (Index c = 0; c < channels; ++c) {
                if (v.pass == Pass::forward) result += pixel[c] * tap[c];
                if (v.pass == Pass::backward_data) pixel[c] += result * tap[c];
                if (v.pass == Pass::backward_weights) tap[c] += result * pixel[c];
              }
            }
}

}  // namespace

double activate(Activation activation, double x) {
  if (activation == Activation::relu) return std::max(x, 0.0);
  if (activation == Activation::none) return x;
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + kGeluCubic * x * x * x)));
}

void run_reference(const NodeOp& op, Arguments arguments) {
  if (const auto* layer = std::get_if<Layer>(&op)) return references().run(*layer, arguments);
  if (const auto* gemm = std::get_if<Gemm>(&op)) return run(*gemm, arguments);
  run(std::get<Convolution>(op), arguments);
}

}  // namespace whygpu::networks
