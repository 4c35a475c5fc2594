#include <stdexcept>

#include "backends/layers/pooling/pooling.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

Value pool(Tape& tape, Value x, PoolingKind kind, std::int64_t window) {
  const TensorSpec spec = tape.spec(x);
  if (spec.shape.size() != 4) throw std::invalid_argument("pool: the input must be an image");
  const Pooling op{kind, spec.shape[0], spec.shape[1], spec.shape[2], spec.shape[3], window, spec.dtype};
  if (window > op.h || window > op.w) throw std::invalid_argument("pool: the window is larger than the image");
  const Value y = tape.temporary(op.arguments()[1]);
  tape.run(op, {x, y});
  tape.on_backward([=, &tape] {
    const Value dx = tape.temporary(spec), dy = tape.cast(tape.gradient(y), spec.dtype);
    const PoolingGradient gradient{kind, op.n, op.h, op.w, op.c, window, spec.dtype};
    tape.run(gradient, kind == PoolingKind::maximum ? std::vector{dy, x, dx} : std::vector{dy, dx});
    tape.add_gradient(x, dx);
  });
  return y;
}

template <PoolingKind kKind>
Value append_pooling(NetworkState& network, const LayerLine& line) {
  return pool(network.tape, network.current, kKind, line.number("window"));
}

}  // namespace

void add_pooling_kinds(Kinds& kinds) {
  kinds.layers.push_back({"max_pool", {{"window"}}, append_pooling<PoolingKind::maximum>});
  kinds.layers.push_back({"average_pool", {{"window"}}, append_pooling<PoolingKind::average>});
}

}  // namespace whygpu::networks
