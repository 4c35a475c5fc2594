#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>

#include "whygpu/host_device.h"

namespace whygpu::simd {

// Units of work for threads. Each takes those of its own share first, whose parts of C are in its cache from the last
// run, then what the others have left.
class Shares {
 public:
  void start(std::int64_t units, int threads);
  // The next unit for that thread; -1 when all are taken.
  std::int64_t take(int thread);

  // Calls part(unit, thread) for all units, on all threads.
  template <class Part>
  void run(HostThreads& threads, std::int64_t units, const Part& part) {
    start(units, threads.count());
    const auto work = [&](int thread) {
      for (std::int64_t unit = take(thread); unit >= 0; unit = take(thread)) part(unit, thread);
    };
    threads.run(threads.count(), std::ref(work));
  }

 private:
  struct alignas(64) Share {
    std::atomic<std::int64_t> next{0};
    std::int64_t end = 0;
  };
  std::deque<Share> shares_;
};

}  // namespace whygpu::simd
