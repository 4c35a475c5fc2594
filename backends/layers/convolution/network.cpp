#include <stdexcept>

#include "backends/layers/bias_activation/bias_activation.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

struct ConvolutionOptions {
  std::int64_t filters = 0, kernel = 1, stride = 1;
  Activation activation = Activation::none;
  bool bias = true;
};

// The padding keeps the image size for stride 1 and an odd kernel.
Value convolution(Tape& tape, Value x, const ConvolutionOptions& options) {
  const std::vector<std::int64_t> image = tape.spec(x).shape;
  if (image.size() != 4) throw std::invalid_argument("convolution: the input must be an image");
  if (!options.bias && options.activation != Activation::none)
    throw std::invalid_argument("convolution: activation needs bias=yes");
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
  if (op.p() < 1 || op.q() < 1) throw std::invalid_argument("convolution: the kernel is larger than the image");
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
    if (options.activation == Activation::gelu) y = tape.temporary({dtype, shape});  // its derivative needs the product
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

Value append_convolution(NetworkState& network, const LayerLine& line) {
  const Value from = network.marked(line, "from");
  return convolution(network.tape, from == kNone ? network.current : from,
                     {line.number("filters"), line.number("kernel"), line.number("stride"), activation_of(line),
                      line.word("bias") == "yes"});
}

}  // namespace

void add_convolution_kinds(Kinds& kinds) {
  kinds.layers.push_back({"convolution",
                          {{"filters"},
                           {"kernel"},
                           {"stride", OptionKind::number, "1"},
                           activation_option({"none", "relu", "gelu"}),
                           {"bias", OptionKind::word, "yes", {"yes", "no"}},
                           {"from", OptionKind::word, {}, {}, true}},
                          append_convolution});
}

}  // namespace whygpu::networks
