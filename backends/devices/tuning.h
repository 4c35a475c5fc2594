// Choosing among implementations by timing them.
#pragma once

#include <cstddef>
#include <functional>

#include "whygpu/backend.h"

namespace whygpu {

// The index of the fastest of `candidates`. `enqueue(candidate, run)` queues one run; `run` counts up, so that a caller
// can rotate its buffers. Candidates take turns, so that a drifting clock hurts all alike. One that throws is passed
// over; when all do, the first one's exception leaves.
std::size_t fastest(Device& device, std::size_t candidates,
                    const std::function<void(std::size_t candidate, std::size_t run)>& enqueue);

}  // namespace whygpu
