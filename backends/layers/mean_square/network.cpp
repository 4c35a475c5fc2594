#include "backends/layers/mean_square/mean_square.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

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

}  // namespace

void add_mean_square_kinds(Kinds& kinds) {
  kinds.losses.push_back({.name = "mean_square", .classes = false, .append = mean_square});
}

}  // namespace whygpu::networks
