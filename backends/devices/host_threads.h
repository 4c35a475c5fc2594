// The threads that a CPU backend works with, so that borrowed kernels run on the same ones as its library's.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace whygpu {

class HostThreads {
 public:
  virtual ~HostThreads() = default;
  virtual int count() const = 0;

  // Runs task(0) … task(tasks - 1), tasks <= count(), at the same time, and returns when all are done. Tasks do not
  // throw.
  virtual void run(int tasks, const std::function<void(int)>& task) = 0;
};

// Threads of our own, for libraries that lend none. They sleep soon after their work, and so leave the cores to others.
class ThreadTeam final : public HostThreads {
 public:
  explicit ThreadTeam(int count);
  ~ThreadTeam() override;
  int count() const override { return static_cast<int>(workers_.size()) + 1; }
  void run(int tasks, const std::function<void(int)>& task) override;

 private:
  void work(int index);

  std::atomic<unsigned> round_{0};
  std::atomic<int> unfinished_{0};
  std::atomic<bool> stop_{false};
  const std::function<void(int)>* task_ = nullptr;
  int tasks_ = 0;
  std::vector<std::thread> workers_;
};

}  // namespace whygpu
