#include "backends/devices/host_threads.h"

namespace whygpu {
namespace {

constexpr int kSpins = 2000;  // some microseconds

// Returns once `value` is no longer `old`.
template <class T>
void await_change(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadTeam::ThreadTeam(int count) {
  for (int i = 1; i < count; ++i) workers_.emplace_back([this, i] { work(i); });
}

ThreadTeam::~ThreadTeam() {
  stop_ = true;
  ++round_;
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
  for (int left = unfinished_; left != 0; left = unfinished_) await_change(unfinished_, left);
}

void ThreadTeam::work(int index) {
  for (unsigned seen = 0;;) {
    await_change(round_, seen);
    ++seen;
    if (stop_) return;
    if (index < tasks_) (*task_)(index);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_all();
  }
}

}  // namespace whygpu
