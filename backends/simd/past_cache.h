// Writes that neither read the lines that they replace nor keep them, for results that the caches cannot hold.
#pragma once

#include <cstddef>
#include <cstdint>

namespace whygpu::simd {

// Copies `bytes`, or writes zeros if `from` is null.
void copy_or_clear(const std::byte* from, std::int64_t bytes, std::byte* to);

// The same past the caches, if these are whole lines and the processor can.
void write_past_cache(const std::byte* from, std::int64_t bytes, std::byte* to);

// After the last such write, before other threads read what was written.
void finish_past_cache();

}  // namespace whygpu::simd
