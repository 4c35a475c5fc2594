#include "backends/layers/layer_norm/layer_norm.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

Value layer_norm(Tape& tape, Value x) {
  const TensorSpec spec = tape.spec(x);
  const std::int64_t columns = spec.shape.back(), rows = spec.elements() / columns;
  const Weights gamma = tape.parameter("gamma", {columns}, 1, 1), beta = tape.parameter("beta", {columns}, 0, 0);
  const Value y = tape.temporary({tape.storage(), spec.shape});
  const Value mean = tape.temporary({DType::f32, {rows}}), rstd = tape.temporary({DType::f32, {rows}});
  tape.run(LayerNorm{rows, columns, spec.dtype, tape.storage()}, {x, gamma.master, beta.master, y, mean, rstd});
  tape.on_backward([=, &tape] {
    const Value dy = tape.cast(tape.gradient(y), DType::f32), dx = tape.temporary({DType::f32, spec.shape});
    const Value addend = tape.take_gradient(x);  // of the residual connection
    std::vector<Value> arguments = {dy, x, gamma.master, mean, rstd};
    if (addend != kNone) arguments.push_back(tape.cast(addend, DType::f32));
    arguments.insert(arguments.end(), {dx, gamma.gradient, beta.gradient});
    tape.run(LayerNormGradient{rows, columns, addend != kNone, spec.dtype}, arguments);
    tape.add_gradient(x, dx);
  });
  return y;
}

Value append_layer_norm(NetworkState& network, const LayerLine&) { return layer_norm(network.tape, network.current); }

}  // namespace

void add_layer_norm_kinds(Kinds& kinds) { kinds.layers.push_back({"layer_norm", {}, append_layer_norm}); }

}  // namespace whygpu::networks
