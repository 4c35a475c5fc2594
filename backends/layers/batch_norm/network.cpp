#include "backends/layers/batch_norm/batch_norm.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

// Inference uses fixed statistics, those of a standard normal distribution.
Value batch_norm(Tape& tape, Value x, Activation activation, Value add) {
  const TensorSpec spec = tape.spec(x);
  const std::int64_t columns = spec.shape.back(), rows = spec.elements() / columns;
  const TensorSpec statistic{DType::f32, {columns}};
  const Weights gamma = tape.parameter("gamma", {columns}, 1, 1), beta = tape.parameter("beta", {columns}, 0, 0);
  const bool residual = add != kNone, fixed = !tape.training();
  const Value mean = fixed ? tape.filled(statistic, 0) : tape.temporary(statistic);
  const Value rstd = fixed ? tape.filled(statistic, 1) : tape.temporary(statistic);
  const Value y = tape.temporary(spec);
  std::vector<Value> arguments = {x, gamma.master, beta.master};
  if (residual) arguments.push_back(add);
  arguments.insert(arguments.end(), {y, mean, rstd});
  tape.run(BatchNorm{rows, columns, activation, residual, fixed, spec.dtype}, arguments);

  tape.on_backward([=, &tape] {
    const Value dy = tape.cast(tape.gradient(y), spec.dtype), dx = tape.temporary(spec);
    std::vector<Value> gradients = {dy, x};
    if (activation == Activation::relu) gradients.push_back(y);
    gradients.insert(gradients.end(), {gamma.master, mean, rstd, dx, gamma.gradient, beta.gradient});
    if (residual) gradients.push_back(tape.temporary(spec));
    tape.run(BatchNormGradient{rows, columns, activation, residual, spec.dtype}, gradients);
    if (residual) tape.add_gradient(add, gradients.back());
    tape.add_gradient(x, dx);
  });
  return y;
}

Value append_batch_norm(NetworkState& network, const LayerLine& line) {
  return batch_norm(network.tape, network.current, activation_of(line), network.marked(line, "add"));
}

}  // namespace

void add_batch_norm_kinds(Kinds& kinds) {
  kinds.layers.push_back({"batch_norm",
                          {activation_option({"none", "relu"}), {"add", OptionKind::word, {}, {}, true}},
                          append_batch_norm});
}

}  // namespace whygpu::networks
