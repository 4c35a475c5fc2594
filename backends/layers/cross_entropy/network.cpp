#include "backends/layers/cross_entropy/cross_entropy.h"
#include "backends/layers/tape.h"

namespace whygpu::networks {
namespace {

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

}  // namespace

void add_cross_entropy_kinds(Kinds& kinds) {
  kinds.losses.push_back({.name = "cross_entropy", .classes = true, .append = cross_entropy});
}

}  // namespace whygpu::networks
