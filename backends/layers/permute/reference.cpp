#include <algorithm>
#include <cmath>

#include "backends/layers/permute/permute.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

void run(const Permute& op, Arguments t) {
  std::array<Index, 5> stride = {1, 1, 1, 1, 1};
  for (int axis = 3; axis >= 0; --axis) stride[axis] = stride[axis + 1] * op.shape[axis + 1];
  const auto extent = [&](int axis) { return op.shape[op.order[axis]]; };
  double* y = t[1];
  for (Index a = 0; a < extent(0); ++a)
    for (Index b = 0; b < extent(1); ++b)
      for (Index c = 0; c < extent(2); ++c)
        for (Index d = 0; d < extent(3); ++d)
          for (Index e = 0; e < extent(4); ++e) {
            *y++ = t[0][a * stride[op.order[0]] + b * stride[op.order[1]] + c * stride[op.order[2]] +
                        d * stride[op.order[3]] + e * stride[op.order[4]]];
          }
}

}  // namespace

void add_permute_reference(References& references) { references.add<Permute>(run); }

}  // namespace whygpu::networks
