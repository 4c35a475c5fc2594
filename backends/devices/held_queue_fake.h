// A device's queue for tests, which fails where CUDA's would block the host until the guard of a hold ends it.
#pragma once

#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>

namespace whygpu {

class HeldQueueFake {
 public:
  explicit HeldQueueFake(std::size_t capacity = 1000) : capacity_(capacity) {}

  void hold() { held_ = true; }
  void release() {
    held_ = false;
    queued_ = 0;
  }
  bool held() const { return held_; }

  // Queues `launches` of the kernels of `code`, which the first launch loads: that waits for all queued work.
  void launch(const std::string& code, std::size_t launches = 1) {
    if (loaded_.insert(code).second && held_) throw std::logic_error(code + " is launched first under a hold");
    if (held_ && (queued_ += launches) > capacity_) throw std::logic_error("the queue is full under a hold");
  }

 private:
  std::size_t capacity_, queued_ = 0;
  bool held_ = false;
  std::set<std::string> loaded_;
};

}  // namespace whygpu
