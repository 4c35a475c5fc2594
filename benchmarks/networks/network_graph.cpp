#include "benchmarks/networks/network_graph.h"

#include <optional>

#include "benchmarks/cases/case.h"
#include "benchmarks/networks/layers.h"

namespace whygpu::training {
namespace {

Activation activation_of(const Layer& layer) {
  const std::string& word = layer.word("activation");
  return word == "relu" ? Activation::relu : word == "gelu" ? Activation::gelu : Activation::none;
}

TensorSpec input_spec(const Network& network, DType storage) {
  const Layer& input = network.input;
  const std::int64_t batch = network.batch;
  if (input.kind == "vector") return {storage, {batch, input.number("features")}};
  if (input.kind == "image") {
    return {storage, {batch, input.number("height"), input.number("width"), input.number("channels")}};
  }
  if (input.kind == "tokens") return {DType::s32, {batch, input.number("length")}};
  // A sequence keeps f32, as it enters sums as well as products; the layers narrow it where they multiply.
  if (input.word("order") == "time") return {storage, {input.number("length"), batch, input.number("features")}};
  return {DType::f32, {batch, input.number("length"), input.number("features")}};
}

class NetworkBuilder {
 public:
  NetworkBuilder(const Network& network, DType products, bool training)
      : network_(network), tape_(products, training) {}

  ComputeGraph build() {
    const Value input = tape_.batch("input", input_spec(network_, tape_.storage()));
    current_ = input;
    for (const Layer& layer : network_.layers) {
      tape_.name_layer(layer.name);
      try {
        append(layer);
      } catch (const CaseError& error) {
        throw CaseError(layer.name + ": " + error.what());
      }
    }
    const Value output = current_;
    if (!tape_.training()) return tape_.finish(input, kNone, output, kNone);

    tape_.name_layer(network_.loss);
    const TensorSpec spec = tape_.spec(output);
    const bool classes = network_.loss == "cross_entropy";
    const Value target = tape_.batch("target", classes ? TensorSpec{DType::s32, {spec.elements() / spec.shape.back()}}
                                                       : TensorSpec{DType::f32, spec.shape});
    const Value loss = classes ? cross_entropy(tape_, output, target) : mean_square(tape_, output, target);
    tape_.differentiate();
    tape_.update(network_.training.optimiser, network_.training.learning_rate);
    return tape_.finish(input, target, output, loss);
  }

 private:
  Value marked(const Layer& layer, std::string_view option) const {
    const std::string& name = layer.word(option);
    return name.empty() ? kNone : marks_.at(name);
  }

  void append(const Layer& layer) {
    if (layer.kind == "mark") {
      marks_[layer.word("name")] = current_;
    } else if (layer.kind == "dense") {
      DenseOptions options{layer.number("units"), activation_of(layer), layer.word("bias") == "yes",
                           marked(layer, "add"), nullptr};
      if (layer.word("tied") == "yes") {
        if (!table_ || tape_.spec(table_->master).shape[0] != options.units) {
          throw CaseError("tied=yes needs an embedding of as many tokens as there are units");
        }
        options.tied = &*table_;
      }
      current_ = dense(tape_, current_, options);
    } else if (layer.kind == "convolution") {
      const Value from = marked(layer, "from");
      current_ = convolution(tape_, from == kNone ? current_ : from,
                             {layer.number("filters"), layer.number("kernel"), layer.number("stride"),
                              activation_of(layer), layer.word("bias") == "yes"});
    } else if (layer.kind == "max_pool") {
      current_ = pool(tape_, current_, PoolingKind::maximum, layer.number("window"));
    } else if (layer.kind == "average_pool") {
      current_ = pool(tape_, current_, PoolingKind::average, layer.number("window"));
    } else if (layer.kind == "batch_norm") {
      current_ = batch_norm(tape_, current_, activation_of(layer), marked(layer, "add"));
    } else if (layer.kind == "layer_norm") {
      current_ = layer_norm(tape_, current_);
    } else if (layer.kind == "embedding") {
      if (network_.input.kind != "tokens") throw CaseError("embedding: the input is not tokens");
      const std::int64_t vocabulary = network_.input.number("vocabulary"), width = layer.number("width");
      const double bound = weight_bound(width, Activation::none);
      table_ = tape_.parameter("table", {vocabulary, width}, -bound, bound);
      current_ = embedding(tape_, current_, *table_, vocabulary, width);
    } else if (layer.kind == "attention") {
      current_ = attention(tape_, current_, layer.number("heads"));
    } else {
      current_ = lstm(tape_, current_, layer.number("width"));
    }
  }

  const Network& network_;
  Tape tape_;
  Value current_ = kNone;
  std::map<std::string, Value, std::less<>> marks_;
  std::optional<Weights> table_;
};

}  // namespace

ComputeGraph training_graph(const Network& network, DType products) {
  return NetworkBuilder(network, products, true).build();
}
ComputeGraph inference_graph(const Network& network, DType products) {
  return NetworkBuilder(network, products, false).build();
}

}  // namespace whygpu::training
