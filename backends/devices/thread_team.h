// Threads that work on one operation together.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "whygpu/host_device.h"

namespace whygpu {

class ThreadTeam final : public HostThreads {
 public:
  struct Options {
    bool pin = false;  // each thread to its own CPU, if there are as many CPUs as threads
    int spins = 2000;  // checks for new work before a thread sleeps; the default takes a few microseconds
  };

  explicit ThreadTeam(int count) : ThreadTeam(count, Options{}) {}
  ThreadTeam(int count, Options options);
  ~ThreadTeam() override;
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int count() const override { return static_cast<int>(workers_.size()) + 1; }
  void run(int tasks, const std::function<void(int)>& task) override;  // task(0) on the caller's thread
  void run(const std::function<void(int)>& task) { run(count(), task); }

 private:
  void work(int index);

  Options options_;
  std::vector<std::thread> workers_;
  // What workers wait for, and what their caller waits for, in lines of the cache of their own.
  alignas(64) std::atomic<unsigned> round_{0};
  std::atomic<bool> stop_{false};
  const std::function<void(int)>* task_ = nullptr;
  int tasks_ = 0;
  alignas(64) std::atomic<int> unfinished_{0};
};

}  // namespace whygpu
