#include <algorithm>
#include <cmath>

#include "backends/layers/add/add.h"
#include "backends/layers/reference.h"

namespace whygpu::networks {
namespace {

void run(const Add& op, Arguments t) {
  for (Index i = 0; i < op.count; ++i) t[2][i] = t[0][i] + t[1][i];
}

}  // namespace

void add_add_reference(References& references) { references.add<Add>(run); }

}  // namespace whygpu::networks
