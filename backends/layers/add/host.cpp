#include "backends/layers/add/add.h"
#include "backends/layers/host/kernel.h"

namespace {

using namespace whygpu;

void add(const Add& op, void* const* t, Range items, float*) {
  with_type(op.dtype, [&]<class T>(T*) {
    const T *a = static_cast<const T*>(t[0]), *b = static_cast<const T*>(t[1]);
    T* c = static_cast<T*>(t[2]);
#pragma GCC ivdep
    for (Index i = items.begin; i < items.end; ++i) store(c, i, load(a, i) + load(b, i));
  });
}

void run(const Add& op, void* const* t, Team& team) { run_items(team, add, op, t, op.count); }

}  // namespace

WHYGPU_HOST_LAYERS(add) = {layer<Add, run>(), {}};
