#include "backends/simd/shares.h"

namespace whygpu::simd {

void Shares::start(std::int64_t units, int threads) {
  while (static_cast<int>(shares_.size()) < threads) shares_.emplace_back();
  for (int thread = 0; thread < threads; ++thread) {
    Share& share = shares_[thread];
    share.next.store(units * thread / threads, std::memory_order_relaxed);
    share.end = units * (thread + 1) / threads;
  }
}

std::int64_t Shares::take(int thread) {
  const auto count = static_cast<int>(shares_.size());
  for (int i = 0; i < count; ++i) {
    Share& share = shares_[(thread + i) % count];
    if (share.next.load(std::memory_order_relaxed) >= share.end) continue;
    const std::int64_t unit = share.next.fetch_add(1, std::memory_order_relaxed);
    if (unit < share.end) return unit;
  }
  return -1;
}

}  // namespace whygpu::simd
