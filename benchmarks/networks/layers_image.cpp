// Convolutions, pooling and batch norm.
#include "benchmarks/cases/case.h"
#include "benchmarks/networks/layers.h"

namespace whygpu::training {

Value convolution(Tape& tape, Value x, const ConvolutionOptions& options) {
  const std::vector<std::int64_t> image = tape.spec(x).shape;
  if (image.size() != 4) throw CaseError("convolution: its input is no image");
  if (!options.bias && options.activation != Activation::none)
    throw CaseError("convolution: activation needs bias=yes");
  const std::int64_t pad = options.kernel / 2;
  Convolution op{.n = image[0],
                 .c = image[3],
                 .h = image[1],
                 .w = image[2],
                 .k = options.filters,
                 .r = options.kernel,
                 .s = options.kernel,
                 .stride_h = options.stride,
                 .stride_w = options.stride,
                 .pad_h = pad,
                 .pad_w = pad,
                 .dtype = tape.products()};
  if (op.p() < 1 || op.q() < 1) throw CaseError("convolution: the kernel is larger than the image");
  const double bound = weight_bound(op.r * op.s * op.c, options.activation);
  const Weights w = tape.parameter("weights", {op.k, op.r, op.s, op.c}, -bound, bound);
  const std::vector<std::int64_t> shape = {op.n, op.p(), op.q(), op.k};
  const std::int64_t rows = op.n * op.p() * op.q();
  const DType dtype = tape.storage();
  const Value product = tape.temporary({dtype, shape});
  tape.run(op, {x, w.compute, product});

  Weights bias;
  Value y = product;
  if (options.bias) {
    bias = tape.parameter("bias", {op.k}, 0, 0);
    if (options.activation == Activation::gelu) y = tape.temporary({dtype, shape});  // its slope needs the product
    tape.run(BiasActivation{rows, op.k, options.activation, false, dtype, dtype}, {product, bias.master, y});
  }

  tape.on_backward([=, &tape] {
    Value dz = tape.cast(tape.gradient(y), dtype);
    if (options.bias && options.activation == Activation::none) {
      tape.run(ColumnSum{rows, op.k, dtype}, {dz, bias.gradient});
    } else if (options.bias) {
      const Value saved = options.activation == Activation::relu ? y : product;
      const Value dy = dz;
      dz = tape.temporary({dtype, shape});
      std::vector<Value> arguments = {dy, saved};
      if (options.activation == Activation::gelu) arguments.push_back(bias.master);
      arguments.insert(arguments.end(), {dz, bias.gradient});
      tape.run(BiasActivationGradient{rows, op.k, options.activation, dtype, dtype, dtype}, arguments);
    }
    Convolution backward = op;
    if (tape.wants_gradient(x)) {
      const Value dx = tape.temporary({dtype, image});
      backward.pass = Pass::backward_data;
      tape.run(backward, {dx, w.compute, dz});
      tape.add_gradient(x, dx);
    }
    backward.pass = Pass::backward_weights;
    tape.run(backward, {x, w.gradient, dz});
  });
  return y;
}

Value pool(Tape& tape, Value x, PoolingKind kind, std::int64_t window) {
  const TensorSpec spec = tape.spec(x);
  if (spec.shape.size() != 4) throw CaseError("pool: its input is no image");
  const Pooling op{kind, spec.shape[0], spec.shape[1], spec.shape[2], spec.shape[3], window, spec.dtype};
  if (window > op.h || window > op.w) throw CaseError("pool: the window is larger than the image");
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

}  // namespace whygpu::training
