#pragma once

#include <atomic>
#include <cstdint>
#include <deque>

namespace whygpu::simd {

// Units of work for threads. Each takes those of its own share first, whose parts of C are in its cache from the last
// run, then what the others have left.
class Shares {
 public:
  void start(std::int64_t units, int threads);
  // The next unit for that thread; -1 when all are taken.
  std::int64_t take(int thread);

 private:
  struct alignas(64) Share {
    std::atomic<std::int64_t> next{0};
    std::int64_t end = 0;
  };
  std::deque<Share> shares_;
};

}  // namespace whygpu::simd
