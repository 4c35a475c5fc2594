// Writes that do not read the lines they replace, nor keep them: for results that the caches do not hold.
#pragma once

#include <cstddef>
#include <cstdint>

namespace whygpu::simd {

// Copies `bytes`, or writes zeros if `from` is null. Where the processor cannot do so, or lines are cut, an ordinary
// copy.
void write_past_cache(const std::byte* from, std::int64_t bytes, std::byte* to);

// After the last write, before other threads read them.
void finish_past_cache();

}  // namespace whygpu::simd
