#include <cmath>
#include <stdexcept>

#include "backends/layers/attention/attention.h"
#include "backends/layers/permute/permute.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

// Causal multi-head attention over x[batch, length, 3·width], which holds queries, keys and values side by side.
Value attention(Tape& tape, Value x, std::int64_t heads) {
  const TensorSpec spec = tape.spec(x);
  if (spec.shape.size() != 3 || spec.shape[2] % (3 * heads) != 0) {
    throw std::invalid_argument("attention: the input must be [batch, length, 3·width], width a multiple of heads");
  }
  const std::int64_t batch = spec.shape[0], length = spec.shape[1], width = spec.shape[2] / 3, depth = width / heads;
  const std::int64_t matrices = batch * heads, one = batch * length * width;
  const DType storage = tape.storage(), products = tape.products();
  const TensorSpec square{DType::f32, {matrices, length, length}}, head{DType::f32, {matrices, length, depth}};
  const TensorSpec narrow_head{storage, head.shape};

  // [batch, length, 3, heads, depth] to three times [batch, heads, length, depth].
  const Permute split{{batch, length, 3, heads, depth}, {2, 0, 3, 1, 4}, spec.dtype, storage};
  const Value qkv = tape.temporary({storage, {3, batch, heads, length, depth}});
  tape.run(split, {x, qkv});
  const Value q = tape.part(qkv, 0, narrow_head), k = tape.part(qkv, one, narrow_head);
  const Value v = tape.part(qkv, 2 * one, narrow_head);

  const Value scores = tape.temporary(square), p = tape.temporary({storage, square.shape});
  const double scale = 1 / std::sqrt(static_cast<double>(depth));
  tape.run(Gemm{length, length, depth, matrices, false, true, products}, {q, k, scores});
  tape.run(CausalSoftmax{matrices, length, scale, storage}, {scores, p});
  const Value mixed = tape.temporary(head);
  tape.run(Gemm{length, depth, length, matrices, false, false, products}, {p, v, mixed});

  // [batch, heads, length, depth] to [batch, length, heads, depth].
  const Value y = tape.temporary({storage, {batch, length, width}});
  tape.run(Permute{{1, batch, heads, length, depth}, {0, 1, 3, 2, 4}, DType::f32, storage}, {mixed, y});

  tape.on_backward([=, &tape] {
    const Value dy = tape.gradient(y), dmixed = tape.temporary(narrow_head);
    tape.run(Permute{{1, batch, length, heads, depth}, {0, 1, 3, 2, 4}, tape.spec(dy).dtype, storage}, {dy, dmixed});
    const Value dqkv = tape.temporary({DType::f32, tape.spec(qkv).shape});
    const Value dp = tape.temporary(square), dscores = tape.temporary({storage, square.shape});
    tape.run(Gemm{length, depth, length, matrices, true, false, products}, {p, dmixed, tape.part(dqkv, 2 * one, head)});
    tape.run(Gemm{length, length, depth, matrices, false, true, products}, {dmixed, v, dp});
    tape.run(CausalSoftmaxGradient{matrices, length, scale, storage}, {dp, p, dscores});
    tape.run(Gemm{length, depth, length, matrices, false, false, products}, {dscores, k, tape.part(dqkv, 0, head)});
    tape.run(Gemm{length, depth, length, matrices, true, false, products}, {dscores, q, tape.part(dqkv, one, head)});
    const Value dx = tape.temporary({storage, spec.shape});
    tape.run(Permute{{3, batch, heads, length, depth}, {1, 3, 0, 2, 4}, DType::f32, storage}, {dqkv, dx});
    tape.add_gradient(x, dx);
  });
  return y;
}

Value append_attention(NetworkState& network, const LayerLine& line) {
  return attention(network.tape, network.current, line.number("heads"));
}

}  // namespace

void add_attention_kinds(Kinds& kinds) { kinds.layers.push_back({"attention", {{"heads"}}, append_attention}); }

}  // namespace whygpu::networks
