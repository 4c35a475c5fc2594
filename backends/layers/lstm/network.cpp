#include <stdexcept>

#include "backends/layers/bias_activation/bias_activation.h"
#include "backends/layers/lstm/lstm.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

// x is [length, batch, features]; the result is [length, batch, width]. State and cell start at zero.
Value lstm(Tape& tape, Value x, std::int64_t width) {
  const std::vector<std::int64_t> shape = tape.spec(x).shape;
  if (shape.size() != 3) throw std::invalid_argument("lstm: the input must be a sequence");
  const std::int64_t length = shape[0], batch = shape[1], features = shape[2], state = batch * width;
  const DType storage = tape.storage(), products = tape.products();
  const double input_bound = weight_bound(features, Activation::none), bound = weight_bound(width, Activation::none);
  const Weights wx = tape.parameter("input weights", {4 * width, features}, -input_bound, input_bound);
  const Weights wh = tape.parameter("state weights", {4 * width, width}, -bound, bound);
  const Weights bias = tape.parameter("bias", {4 * width}, 0, 0);

  // The products of all steps with the input at once. State and cell of step t are at index t + 1, zeros at index 0.
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

Value append_lstm(NetworkState& network, const LayerLine& line) {
  return lstm(network.tape, network.current, line.number("width"));
}

}  // namespace

void add_lstm_kinds(Kinds& kinds) { kinds.layers.push_back({"lstm", {{"width"}}, append_lstm}); }

}  // namespace whygpu::networks
