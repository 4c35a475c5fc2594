#include "benchmarks/networks/network_graph.h"

#include <algorithm>
#include <stdexcept>

#include "backends/layers/tape.h"
#include "benchmarks/cases/case.h"

namespace whygpu::networks {
namespace {

TensorSpec input_spec(const Network& network, DType storage) {
  const LayerLine& input = network.input;
  const std::int64_t batch = network.batch;
  if (input.kind == "vector") return {storage, {batch, input.number("features")}};
  if (input.kind == "image") {
    return {storage, {batch, input.number("height"), input.number("width"), input.number("channels")}};
  }
  if (input.kind == "tokens") return {DType::s32, {batch, input.number("length")}};
  // A sequence stays in f32, since it enters sums as well as products; the layers convert it for products.
  if (input.word("order") == "time") return {storage, {input.number("length"), batch, input.number("features")}};
  return {DType::f32, {batch, input.number("length"), input.number("features")}};
}

void append(NetworkState& state, const LayerLine& line) {
  if (line.kind == "mark") {
    state.marks[line.word("name")] = state.current;
    return;
  }
  const auto kind = std::ranges::find(kinds().layers, line.kind, &LayerKind::name);
  state.tape.name_layer(line.name);
  try {
    state.current = kind->append(state, line);
  } catch (const std::invalid_argument& error) {
    throw CaseError(line.name + ": " + error.what());
  }
}

ComputeGraph build_unchecked(const Network& network, DType products, bool training) {
  Tape tape(products, training);
  const Value input = tape.batch("input", input_spec(network, tape.storage()));
  NetworkState state{.tape = tape, .input = network.input, .current = input, .marks = {}, .table = {}};
  for (const LayerLine& line : network.layers) append(state, line);
  const Value output = state.current;
  if (!training) return tape.finish(input, kNone, output, kNone);

  tape.name_layer(network.loss);
  const TensorSpec spec = tape.spec(output);
  const LossKind& kind = find_loss(network.loss);
  const Value target = tape.batch("target", kind.classes ? TensorSpec{DType::s32, {spec.elements() / spec.shape.back()}}
                                                         : TensorSpec{DType::f32, spec.shape});
  const Value loss = kind.append(tape, output, target);
  tape.differentiate();
  tape.update(find_optimiser(network.training.optimiser), network.training.learning_rate);
  return tape.finish(input, target, output, loss);
}

// A skip connection of another shape, or a layer whose result nothing uses, shows only while the graph is built.
ComputeGraph build(const Network& network, DType products, bool training) {
  try {
    return build_unchecked(network, products, training);
  } catch (const std::logic_error& error) {
    throw CaseError(error.what());
  }
}

}  // namespace

ComputeGraph training_graph(const Network& network, DType products) { return build(network, products, true); }
ComputeGraph inference_graph(const Network& network, DType products) { return build(network, products, false); }

}  // namespace whygpu::networks
