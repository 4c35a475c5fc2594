#include <stdexcept>

#include "backends/layers/embedding/embedding.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

Value embedding(Tape& tape, Value tokens, const Weights& table, std::int64_t vocabulary, std::int64_t width) {
  const std::int64_t batch = tape.spec(tokens).shape[0], length = tape.spec(tokens).shape[1];
  const Weights positions = tape.parameter("positions", {length, width}, -0.5, 0.5);
  const Value y = tape.temporary({DType::f32, {batch, length, width}});
  tape.run(Embedding{batch, length, vocabulary, width}, {tokens, table.master, positions.master, y});
  tape.on_backward([=, &tape] {
    // A tied head has already written its share.
    const bool accumulate = tape.used(table.gradient);
    tape.run(EmbeddingGradient{batch, length, vocabulary, width, accumulate},
             {tokens, tape.gradient(y), table.gradient, positions.gradient});
  });
  return y;
}

Value append_embedding(NetworkState& network, const LayerLine& line) {
  if (network.input.kind != "tokens") throw std::invalid_argument("embedding: the input must be tokens");
  const std::int64_t vocabulary = network.input.number("vocabulary"), width = line.number("width");
  const double bound = weight_bound(width, Activation::none);
  network.table = network.tape.parameter("table", {vocabulary, width}, -bound, bound);
  return embedding(network.tape, network.current, *network.table, vocabulary, width);
}

}  // namespace

void add_embedding_kinds(Kinds& kinds) { kinds.layers.push_back({"embedding", {{"width"}}, append_embedding}); }

}  // namespace whygpu::networks
