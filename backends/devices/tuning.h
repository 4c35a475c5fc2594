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

// Random values in the storage type of `dtype`, to repeat over operands: uniform in [-1, 1], of s8 over its full range.
std::vector<std::byte> tuning_pattern(DType dtype);

// How many sets of operands of `bytes` to rotate: one or, if `cold`, as many as cover the cache twice, but no more than
// are timed at once, and fewer if memory is short.
std::size_t tuning_sets(const Device& device, std::size_t bytes, bool cold);

// "fastest of WHOSE first 16 with a hot cache, number 3".
std::string describe_choice(std::string_view whose, std::size_t candidates, std::size_t chosen, bool cold);

}  // namespace whygpu
