#include "backends/simd/past_cache.h"

#include <cstring>

#include "backends/simd/kernels.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace whygpu::simd {

void copy_or_clear(const std::byte* from, std::int64_t bytes, std::byte* to) {
  from != nullptr ? std::memcpy(to, from, bytes) : std::memset(to, 0, bytes);
}

#ifdef __SSE2__
void write_past_cache(const std::byte* from, std::int64_t bytes, std::byte* to) {
  const bool whole_lines = reinterpret_cast<std::uintptr_t>(to) % kLine == 0 && bytes % kLine == 0;
  if (!whole_lines) return copy_or_clear(from, bytes, to);
  constexpr std::int64_t kStep = sizeof(__m128i);
  __m128i value = _mm_setzero_si128();
  for (std::int64_t i = 0; i < bytes; i += kStep) {
    if (from != nullptr) value = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + i), value);
  }
}

void finish_past_cache() { _mm_sfence(); }
#else
void write_past_cache(const std::byte* from, std::int64_t bytes, std::byte* to) { copy_or_clear(from, bytes, to); }

void finish_past_cache() {}
#endif

}  // namespace whygpu::simd
