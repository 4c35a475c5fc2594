// The CPU as a device: row-major tensors in 64-byte aligned memory, immediate execution, the steady clock.
#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "whygpu/backend.h"

namespace whygpu {

class HostTensor final : public Tensor {
 public:
  explicit HostTensor(TensorSpec spec);                                             // throws when out of memory
  HostTensor(TensorSpec spec, void* data) : spec_(std::move(spec)), data_(data) {}  // a view of other storage
  std::size_t bytes() const override { return spec_.bytes(); }
  void upload(const void* row_major) override;
  void download(void* row_major) const override;
  void* address() const override { return data_; }
  bool intact() const override;
  const TensorSpec& spec() const { return spec_; }

 private:
  TensorSpec spec_;
  std::unique_ptr<void, void (*)(void*)> storage_{nullptr, std::free};  // with guard bytes before and after the values
  void* data_ = nullptr;
};

// The values of any row-major tensor in host memory.
template <class T>
T* host_data(const Tensor* tensor) {
  return static_cast<T*>(tensor->address());
}

// The threads of a CPU backend, which kernels of network layers also use.
class HostThreads {
 public:
  virtual ~HostThreads() = default;
  virtual int count() const = 0;

  // Runs task(0) … task(tasks - 1), tasks <= count(), concurrently, and returns when all are done. Tasks must not
  // throw.
  virtual void run(int tasks, const std::function<void(int)>& task) = 0;
};

class HostDevice final : public Device {
 public:
  // `threads` must outlive the device; null: only the calling thread.
  explicit HostDevice(HostThreads* threads = nullptr) : threads_(threads) {}
  DeviceKind kind() const override { return DeviceKind::cpu; }
  std::string name() const override;
  Facts facts() const override { return {}; }
  std::size_t memory_bytes() const override;
  std::size_t free_memory_bytes() const override;
  std::size_t cache_bytes() const override;
  std::unique_ptr<Stopwatch> make_stopwatch() override;
  void synchronize() override {}
  void flush_cache() override;
  std::unique_ptr<Tensor> allocate(std::size_t bytes) override;
  std::unique_ptr<Tensor> view(Tensor& whole, std::size_t offset, std::size_t bytes) override;
  void* queue() override { return threads_; }

 private:
  HostThreads* threads_;
  std::vector<char> flush_buffer_;
};

// An operation over row-major tensors in host memory. Subclasses implement enqueue() and implementation().
class HostOperation : public Operation {
 public:
  explicit HostOperation(std::vector<TensorSpec> arguments) : arguments_(std::move(arguments)) {}
  std::unique_ptr<Tensor> allocate(int index) override {
    return std::make_unique<HostTensor>(arguments_.at(static_cast<std::size_t>(index)));
  }

 private:
  std::vector<TensorSpec> arguments_;
};

}  // namespace whygpu
