// A thread that runs tasks in order beside its owner.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace whygpu {

class TaskQueue {
 public:
  TaskQueue() : thread_([this](const std::stop_token& stop) { work(stop); }) {}
  ~TaskQueue() {
    thread_.request_stop();
    changed_.notify_all();
  }
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  void add(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }

  // Waits until all tasks are done; throws the first error of one.
  void finish() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return tasks_.empty(); });
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stop.stop_requested() || !tasks_.empty(); });
      if (stop.stop_requested()) return;
      const auto task = tasks_.front();
      lock.unlock();
      std::exception_ptr error;
      try {
        task();
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error && !error_) error_ = error;
      tasks_.pop_front();
      if (tasks_.empty()) done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_, done_;
  std::deque<std::function<void()>> tasks_;
  std::exception_ptr error_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace whygpu
