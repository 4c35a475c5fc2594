#include "backends/layers/host/kernel.h"
#include "backends/layers/permute/permute.h"

namespace {

using namespace whygpu;

void permute(const Permute& op, void* const* t, Range items, float*) {
  Index stride[5] = {1, 1, 1, 1, 1}, extent[5], step[5];
  for (int axis = 3; axis >= 0; --axis) stride[axis] = stride[axis + 1] * op.shape[axis + 1];
  for (int axis = 0; axis < 5; ++axis) {
    extent[axis] = op.shape[op.order[axis]];
    step[axis] = stride[op.order[axis]];
  }
  with_type(op.input, [&]<class In>(In*) {
    with_type(op.output, [&]<class Out>(Out*) {
      for (Index item = items.begin; item < items.end; ++item) {
        const Index a = item / (extent[2] * extent[1]), b = item / extent[2] % extent[1], c = item % extent[2];
        for (Index d = 0; d < extent[3]; ++d) {
          const In* x = static_cast<const In*>(t[0]) + a * step[0] + b * step[1] + c * step[2] + d * step[3];
          Out* y = static_cast<Out*>(t[1]) + (item * extent[3] + d) * extent[4];
          if (step[4] == 1) {
#pragma GCC ivdep
            for (Index e = 0; e < extent[4]; ++e) store(y, e, load(x, e));
          } else {
            for (Index e = 0; e < extent[4]; ++e) store(y, e, load(x, e * step[4]));
          }
        }
      }
    });
  });
}

void run(const Permute& op, void* const* t, Team& team) {
  run_items(team, permute, op, t, op.shape[op.order[0]] * op.shape[op.order[1]] * op.shape[op.order[2]]);
}

}  // namespace

WHYGPU_HOST_LAYERS(permute) = {layer<Permute, run>(), {}};
