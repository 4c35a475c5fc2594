// Chooses among implementations by timing them.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "whygpu/backend.h"

namespace whygpu {

// At most that many runs are timed at once, so operands are cold if each of as many runs has its own.
inline constexpr std::size_t kMaxTunedRuns = 20;

// The index of the fastest of `candidates`. `enqueue(candidate, run)` queues one run; `run` counts up, so that a caller
// can rotate its buffers. With `cold`, the cache is flushed before each timing. Candidates are timed in turns, so that
// clock drift affects all alike. A candidate that throws is skipped; if all do, the first exception is rethrown.
std::size_t fastest(Device& device, std::size_t candidates, bool cold,
                    const std::function<void(std::size_t candidate, std::size_t run)>& enqueue);

// "fastest of WHOSE first 16 with a hot cache, number 3".
std::string describe_choice(std::string_view whose, std::size_t candidates, std::size_t chosen, bool cold);

}  // namespace whygpu
