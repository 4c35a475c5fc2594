#include "backends/host/team.h"

#include <sched.h>

namespace whygpu::host {
namespace {

// Long enough to cover the gap between two operations, short enough to leave the core to others soon.
constexpr int kSpins = 20'000;

void wait_while_equal(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  value.wait(old, std::memory_order_acquire);
}

// Each thread on a CPU of its own, where there are as many of them: a fresh thread otherwise shares its parent's for
// some time. Any other number is left to the scheduler, which knows the busy CPUs and the cores that they share.
void settle(int index, int size) {
  static const cpu_set_t usable = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  if (CPU_COUNT(&usable) != size) return;
  for (int cpu = 0, seen = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &usable) || seen++ != index) continue;
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(cpu, &own);
    sched_setaffinity(0, sizeof own, &own);
  }
}

}  // namespace

Team::Team(int size) : size_(size) {
  settle(0, size);
  for (int index = 1; index < size; ++index) threads_.emplace_back([this, index] { serve(index); });
}

Team::~Team() {
  stopping_ = true;
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Team::run(const std::function<void(int)>& work) {
  work_ = &work;
  busy_.store(static_cast<std::uint32_t>(size_ - 1), std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  work(0);
  while (const auto left = busy_.load(std::memory_order_acquire)) wait_while_equal(busy_, left);
}

void Team::serve(int index) {
  settle(index, size_);
  for (std::uint32_t seen = 0;;) {
    wait_while_equal(generation_, seen);
    ++seen;
    if (stopping_) return;
    (*work_)(index);
    busy_.fetch_sub(1, std::memory_order_release);
    busy_.notify_one();
  }
}

}  // namespace whygpu::host
