// Chooses among implementations by timing them.
#pragma once

#include <cstddef>
#include <functional>

#include "whygpu/backend.h"

namespace whygpu {

// The index of the fastest of `candidates`. `enqueue(candidate, run)` queues one run; `run` counts up, so that a caller
// can rotate its buffers. Candidates are timed in turns, so that clock drift affects all alike. A candidate that throws
// is skipped; if all do, the first exception is rethrown.
std::size_t fastest(Device& device, std::size_t candidates,
                    const std::function<void(std::size_t candidate, std::size_t run)>& enqueue);

}  // namespace whygpu
