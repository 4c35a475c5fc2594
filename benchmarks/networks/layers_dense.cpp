// Dense layers, embeddings and losses.
#include <cmath>

#include "benchmarks/cases/case.h"
#include "benchmarks/networks/layers.h"

namespace whygpu::training {
namespace {

// The gradient before bias and activation, in the dtype of products, and the bias's own gradient.
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

}  // namespace

double weight_bound(std::int64_t inputs, Activation activation) {
  return std::sqrt((activation == Activation::none ? 3.0 : 6.0) / static_cast<double>(inputs));
}

Value dense(Tape& tape, Value x, const DenseOptions& options) {
  if (!options.bias && (options.activation != Activation::none || options.add != kNone)) {
    throw CaseError("dense: activation and add need bias=yes");
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
        dtype == DType::f32 && options.activation != Activation::gelu;  // whose slope needs the product
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

Value embedding(Tape& tape, Value tokens, const Weights& table, std::int64_t vocabulary, std::int64_t width) {
  const std::int64_t batch = tape.spec(tokens).shape[0], length = tape.spec(tokens).shape[1];
  const Weights positions = tape.parameter("positions", {length, width}, -0.5, 0.5);
  const Value y = tape.temporary({DType::f32, {batch, length, width}});
  tape.run(Embedding{batch, length, vocabulary, width}, {tokens, table.master, positions.master, y});
  tape.on_backward([=, &tape] {
    // A tied head has written its own share by now.
    const bool accumulate = tape.used(table.gradient);
    tape.run(EmbeddingGradient{batch, length, vocabulary, width, accumulate},
             {tokens, tape.gradient(y), table.gradient, positions.gradient});
  });
  return y;
}

Value cross_entropy(Tape& tape, Value logits, Value labels) {
  const std::int64_t columns = tape.spec(logits).shape.back(), rows = tape.spec(logits).elements() / columns;
  const Value x = tape.cast(logits, DType::f32);
  const Value logsumexp = tape.temporary({DType::f32, {rows}}), loss = tape.temporary({DType::f32, {1}});
  tape.run(SoftmaxCrossEntropy{rows, columns}, {x, labels, logsumexp, loss});
  tape.on_backward([=, &tape] {
    const Value dx = tape.temporary({tape.storage(), {rows, columns}});
    tape.run(SoftmaxCrossEntropyGradient{rows, columns, tape.storage()}, {x, labels, logsumexp, dx});
    tape.add_gradient(logits, dx);
  });
  return loss;
}

Value mean_square(Tape& tape, Value x, Value target) {
  const TensorSpec spec = tape.spec(x);
  const Value loss = tape.temporary({DType::f32, {1}});
  tape.run(MeanSquare{spec.elements(), spec.dtype}, {x, target, loss});
  tape.on_backward([=, &tape] {
    const Value dx = tape.temporary(spec);
    tape.run(MeanSquareGradient{spec.elements(), spec.dtype}, {x, target, dx});
    tape.add_gradient(x, dx);
  });
  return loss;
}

}  // namespace whygpu::training
