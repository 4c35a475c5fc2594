#include <stdexcept>

#include "backends/layers/bias_activation/bias_activation.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

struct DenseOptions {
  std::int64_t units = 0;
  Activation activation = Activation::none;
  bool bias = true;
  Value add = kNone;              // f32
  const Weights* tied = nullptr;  // used instead of own weights; [units, inputs]
};

// The gradient before bias and activation, in the dtype of products, and the bias gradient.
Value before_bias(Tape& tape, Value dy, Value x, Value y, const DenseOptions& options, const Weights& bias) {
  const std::int64_t columns = options.units, rows = tape.spec(dy).elements() / columns;
  const DType storage = tape.storage(), input = tape.spec(dy).dtype;
  if (options.activation == Activation::none) {
    if (!options.bias) return tape.cast(dy, storage);
    if (input == storage) {
      tape.run(ColumnSum{rows, columns, input}, {dy, bias.gradient});
      return dy;
    }
  }
  const Value saved = options.activation == Activation::relu ? y : x;
  const Value dx = tape.temporary({storage, {rows, columns}});
  std::vector<Value> arguments = {dy};
  if (options.activation != Activation::none) arguments.push_back(saved);
  if (options.activation == Activation::gelu) arguments.push_back(bias.master);
  arguments.insert(arguments.end(), {dx, bias.gradient});
  tape.run(BiasActivationGradient{rows, columns, options.activation, input, tape.spec(saved).dtype, storage},
           arguments);
  return dx;
}

// x[…, inputs] · Wᵀ. An image counts as one row per sample.
Value dense(Tape& tape, Value x, const DenseOptions& options) {
  if (!options.bias && (options.activation != Activation::none || options.add != kNone)) {
    throw std::invalid_argument("dense: activation and add need bias=yes");
  }
  std::vector<std::int64_t> shape = tape.spec(x).shape;
  if (shape.size() == 4) shape = {shape[0], shape[1] * shape[2] * shape[3]};
  const std::int64_t inputs = shape.back(), units = options.units, rows = tape.spec(x).elements() / inputs;
  shape.back() = units;
  const double bound = weight_bound(inputs, options.activation);
  const Weights w = options.tied != nullptr ? *options.tied : tape.parameter("weights", {units, inputs}, -bound, bound);
  const Value operand = tape.cast(x, tape.storage());
  const Value product = tape.temporary({DType::f32, shape});
  tape.run(Gemm{.m = rows, .n = units, .k = inputs, .transpose_b = true, .dtype = tape.products()},
           {operand, w.compute, product});

  Weights bias;
  Value y = product;
  if (options.bias) {
    bias = tape.parameter("bias", {units}, 0, 0);
    const DType dtype = options.activation == Activation::none ? DType::f32 : tape.storage();
    const bool in_place =
        dtype == DType::f32 && options.activation != Activation::gelu;  // gelu's derivative needs the product
    if (!in_place) y = tape.temporary({dtype, shape});
    const bool residual = options.add != kNone;
    std::vector<Value> arguments = {product, bias.master};
    if (residual) arguments.push_back(options.add);
    arguments.push_back(y);
    tape.run(BiasActivation{rows, units, options.activation, residual, DType::f32, tape.spec(y).dtype}, arguments);
  }

  tape.on_backward([&tape, x, operand, product, y, w, bias, options, rows, inputs, units] {
    const Value dy = tape.gradient(y);
    if (options.add != kNone) tape.add_gradient(options.add, dy);
    const Value dz = before_bias(tape, dy, product, y, options, bias);
    if (tape.wants_gradient(x)) {
      const Value dx = tape.temporary({DType::f32, tape.spec(x).shape});
      tape.run(Gemm{.m = rows, .n = inputs, .k = units, .dtype = tape.products()}, {dz, w.compute, dx});
      tape.add_gradient(x, dx);
    }
    tape.run(Gemm{.m = units, .n = inputs, .k = rows, .transpose_a = true, .dtype = tape.products()},
             {dz, operand, w.gradient});
  });
  return y;
}

Value append_dense(NetworkState& network, const LayerLine& line) {
  DenseOptions options{line.number("units"), activation_of(line), line.word("bias") == "yes",
                       network.marked(line, "add"), nullptr};
  if (line.word("tied") == "yes") {
    if (!network.table || network.tape.spec(network.table->master).shape[0] != options.units) {
      throw std::invalid_argument("dense: tied=yes needs an embedding with vocabulary equal to units");
    }
    options.tied = &*network.table;
  }
  return dense(network.tape, network.current, options);
}

}  // namespace

void add_dense_kinds(Kinds& kinds) {
  kinds.layers.push_back({"dense",
                          {{"units"},
                           activation_option({"none", "relu", "gelu"}),
                           {"bias", OptionKind::word, "yes", {"yes", "no"}},
                           {"add", OptionKind::word, {}, {}, true},
                           {"tied", OptionKind::word, "no", {"yes", "no"}}},
                          append_dense});
}

}  // namespace whygpu::networks
