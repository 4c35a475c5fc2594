// Layer norm, attention and long short-term memory.
#include <cmath>

#include "benchmarks/cases/case.h"
#include "benchmarks/networks/layers.h"

namespace whygpu::training {

Value layer_norm(Tape& tape, Value x) {
  const TensorSpec spec = tape.spec(x);
  const std::int64_t columns = spec.shape.back(), rows = spec.elements() / columns;
  const Weights gamma = tape.parameter("gamma", {columns}, 1, 1), beta = tape.parameter("beta", {columns}, 0, 0);
  const Value y = tape.temporary({tape.storage(), spec.shape});
  const Value mean = tape.temporary({DType::f32, {rows}}), rstd = tape.temporary({DType::f32, {rows}});
  tape.run(LayerNorm{rows, columns, spec.dtype, tape.storage()}, {x, gamma.master, beta.master, y, mean, rstd});
  tape.on_backward([=, &tape] {
    const Value dy = tape.cast(tape.gradient(y), DType::f32), dx = tape.temporary({DType::f32, spec.shape});
    const Value addend = tape.take_gradient(x);  // what came around the block
    std::vector<Value> arguments = {dy, x, gamma.master, mean, rstd};
    if (addend != kNone) arguments.push_back(tape.cast(addend, DType::f32));
    arguments.insert(arguments.end(), {dx, gamma.gradient, beta.gradient});
    tape.run(LayerNormGradient{rows, columns, addend != kNone, spec.dtype}, arguments);
    tape.add_gradient(x, dx);
  });
  return y;
}

Value attention(Tape& tape, Value x, std::int64_t heads) {
  const TensorSpec spec = tape.spec(x);
  if (spec.shape.size() != 3 || spec.shape[2] % (3 * heads) != 0) {
    throw CaseError("attention: its input is [batch, length, 3·width] with the width a multiple of heads");
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

Value lstm(Tape& tape, Value x, std::int64_t width) {
  const std::vector<std::int64_t> shape = tape.spec(x).shape;
  if (shape.size() != 3) throw CaseError("lstm: its input is no sequence");
  const std::int64_t length = shape[0], batch = shape[1], features = shape[2], state = batch * width;
  const DType storage = tape.storage(), products = tape.products();
  const double input_bound = weight_bound(features, Activation::none), bound = weight_bound(width, Activation::none);
  const Weights wx = tape.parameter("input weights", {4 * width, features}, -input_bound, input_bound);
  const Weights wh = tape.parameter("state weights", {4 * width, width}, -bound, bound);
  const Weights bias = tape.parameter("bias", {4 * width}, 0, 0);

  // All steps' products with the input at once; step t's state and cell stand at place t + 1, zeros at place 0.
  const Value operand = tape.cast(x, storage);
  const Value from_input = tape.temporary({DType::f32, {length, batch, 4 * width}});
  tape.run(Gemm{.m = length * batch, .n = 4 * width, .k = features, .transpose_b = true, .dtype = products},
           {operand, wx.compute, from_input});
  const Value states = tape.filled({storage, {length + 1, batch, width}}, 0);
  const Value cells = tape.filled({DType::f32, {length + 1, batch, width}}, 0);
  const Value gates = tape.temporary({DType::f32, {length, batch, 4 * width}});
  const auto gates_at = [=, &tape](Value whole, std::int64_t t) {
    return tape.part(whole, t * 4 * state, {tape.spec(whole).dtype, {batch, 4 * width}});
  };
  const auto state_at = [=, &tape](Value whole, std::int64_t t) {
    return tape.part(whole, t * state, {tape.spec(whole).dtype, {batch, width}});
  };
  for (std::int64_t t = 0; t < length; ++t) {
    const Value from_state = tape.temporary({DType::f32, {batch, 4 * width}});
    tape.run(Gemm{.m = batch, .n = 4 * width, .k = width, .transpose_b = true, .dtype = products},
             {state_at(states, t), wh.compute, from_state});
    tape.run(LstmCell{batch, width, storage}, {gates_at(from_input, t), from_state, bias.master, state_at(cells, t),
                                               gates_at(gates, t), state_at(cells, t + 1), state_at(states, t + 1)});
  }
  const Value y = tape.part(states, state, {storage, {length, batch, width}});

  tape.on_backward([=, &tape] {
    const Value dy = tape.cast(tape.gradient(y), DType::f32);
    const Value dgates = tape.temporary({storage, {length, batch, 4 * width}});
    Value dh = tape.filled({DType::f32, {batch, width}}, 0), dc = tape.filled({DType::f32, {batch, width}}, 0);
    for (std::int64_t t = length - 1; t >= 0; --t) {
      const Value dc_before = tape.temporary({DType::f32, {batch, width}});
      tape.run(LstmCellGradient{batch, width, storage},
               {state_at(dy, t), dh, dc, gates_at(gates, t), state_at(cells, t), state_at(cells, t + 1),
                gates_at(dgates, t), dc_before});
      dc = dc_before;
      if (t == 0) break;
      dh = tape.temporary({DType::f32, {batch, width}});
      tape.run(Gemm{.m = batch, .n = width, .k = 4 * width, .dtype = products}, {gates_at(dgates, t), wh.compute, dh});
    }
    const std::int64_t rows = length * batch;
    tape.run(ColumnSum{rows, 4 * width, storage}, {dgates, bias.gradient});
    tape.run(Gemm{.m = 4 * width, .n = width, .k = rows, .transpose_a = true, .dtype = products},
             {dgates, tape.part(states, 0, {storage, {rows, width}}), wh.gradient});
    tape.run(Gemm{.m = 4 * width, .n = features, .k = rows, .transpose_a = true, .dtype = products},
             {dgates, operand, wx.gradient});
    if (!tape.wants_gradient(x)) return;
    const Value dx = tape.temporary({DType::f32, shape});
    tape.run(Gemm{.m = rows, .n = features, .k = 4 * width, .dtype = products}, {dgates, wx.compute, dx});
    tape.add_gradient(x, dx);
  });
  return y;
}

}  // namespace whygpu::training
