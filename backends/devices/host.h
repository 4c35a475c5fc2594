// The CPU as a device: row-major tensors in 64-byte aligned memory, a queue that runs at once, the steady clock.
#pragma once

#include <memory>
#include <vector>

#include "backends/backend.h"

namespace whygpu {

class HostTensor final : public Tensor {
 public:
  explicit HostTensor(TensorSpec spec);
  HostTensor(TensorSpec spec, void* data) : spec_(std::move(spec)), data_(data) {}  // someone else's storage
  std::size_t bytes() const override { return spec_.bytes(); }
  void upload(const void* row_major) override;
  void download(void* row_major) const override;
  void* host_values() override { return data(); }

  const TensorSpec& spec() const { return spec_; }
  void* data() const { return data_; }

 private:
  struct Free {
    void operator()(void* pointer) const;
  };
  TensorSpec spec_;
  std::unique_ptr<void, Free> storage_;
  void* data_ = nullptr;
};

// The values of a tensor that HostTensor made.
template <class T>
T* host_data(const Tensor* tensor) {
  return static_cast<T*>(static_cast<const HostTensor*>(tensor)->data());
}

class HostDevice final : public Device {
 public:
  std::string kind() const override { return "cpu"; }
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

 private:
  std::vector<char> flush_buffer_;
};

// An operation on host memory with row-major tensors; what is left to write is enqueue() and implementation().
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
