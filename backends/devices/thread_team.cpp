#include "backends/devices/thread_team.h"

#include <sched.h>

namespace whygpu {
namespace {

// Returns once `value` is no longer `old`.
template <class T>
void await_change(const std::atomic<T>& value, T old, int spins) {
  for (int i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
#ifdef __x86_64__
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");  // most cores ignore yield
#endif
  }
  value.wait(old, std::memory_order_acquire);
}

// Without pinning, a new thread shares its parent's CPU for some time. With fewer threads than CPUs the scheduler
// decides, because it knows the busy CPUs and the shared cores.
void pin_to_cpu(int index, int count) {
  static const cpu_set_t usable = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  if (CPU_COUNT(&usable) != count) return;
  for (int cpu = 0, seen = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &usable) || seen++ != index) continue;
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(cpu, &own);
    sched_setaffinity(0, sizeof own, &own);
  }
}

}  // namespace

ThreadTeam::ThreadTeam(int count, Options options) : options_(options) {
  if (options_.pin) pin_to_cpu(0, count);
  for (int i = 1; i < count; ++i) {
    workers_.emplace_back([this, i, count] {
      if (options_.pin) pin_to_cpu(i, count);
      work(i);
    });
  }
}

ThreadTeam::~ThreadTeam() {
  stop_ = true;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadTeam::run(int tasks, const std::function<void(int)>& task) {
  if (tasks > 1) {
    task_ = &task;
    tasks_ = tasks;
    unfinished_ = static_cast<int>(workers_.size());
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }
  task(0);
  if (tasks == 1) return;
  for (int left = unfinished_; left != 0; left = unfinished_) await_change(unfinished_, left, options_.spins);
}

void ThreadTeam::work(int index) {
  for (unsigned seen = 0;;) {
    await_change(round_, seen, options_.spins);
    ++seen;
    if (stop_) return;
    if (index < tasks_) (*task_)(index);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_all();
  }
}

}  // namespace whygpu
