#include <algorithm>
#include <limits>
#include <vector>

#include "backends/layers/pooling/pooling.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

// Calls f(index in y, index in x) for every pixel of every window, windows in order.
template <class Op, class F>
void for_windows(const Op& op, F f) {
  const Index p_end = op.h / op.window, q_end = op.w / op.window;
  for (Index n = 0; n < op.n; ++n)
    for (Index p = 0; p < p_end; ++p)
      for (Index q = 0; q < q_end; ++q)
        for (Index c = 0; c < op.c; ++c)
          for (Index r = 0; r < op.window; ++r)
            for (Index s = 0; s < op.window; ++s) {
              f(((n * p_end + p) * q_end + q) * op.c + c,
                ((n * op.h + p * op.window + r) * op.w + q * op.window + s) * op.c + c);
            }
}

void run(const Pooling& op, Arguments t) {
  const bool maximum = op.kind == PoolingKind::maximum;
  std::fill_n(t[1], op.arguments()[1].elements(), maximum ? -std::numeric_limits<double>::infinity() : 0.0);
  for_windows(op, [&](Index y, Index x) {
    t[1][y] = maximum ? std::max(t[1][y], t[0][x]) : t[1][y] + t[0][x] / static_cast<double>(op.window * op.window);
  });
}

void run(const PoolingGradient& op, Arguments t) {
  double* dx = t.back();
  std::fill_n(dx, op.n * op.h * op.w * op.c, 0.0);
  const Index outputs = op.n * (op.h / op.window) * (op.w / op.window) * op.c;
  std::vector<Index> first(static_cast<std::size_t>(outputs), -1);
  for_windows(op, [&](Index y, Index x) {
    if (op.kind == PoolingKind::average) {
      dx[x] = t[0][y] / static_cast<double>(op.window * op.window);
      return;
    }
    Index& best = first[static_cast<std::size_t>(y)];
    if (best < 0 || t[1][x] > t[1][best]) best = x;
  });
  if (op.kind == PoolingKind::average) return;
  for (Index y = 0; y < outputs; ++y) dx[first[static_cast<std::size_t>(y)]] = t[0][y];
}

}  // namespace

void add_pooling_reference(References& references) {
  references.add<Pooling>(run);
  references.add<PoolingGradient>(run);
}

}  // namespace whygpu::networks
