// The CUDA device: one GPU, one stream on which everything is queued in order. Shared by the backends that run there.
#pragma once

#include <cuda_runtime.h>

#include <memory>
#include <string_view>

#include "whygpu/backend.h"

namespace whygpu {

// Throws std::runtime_error "<what>: <CUDA's message> (<error name>)" unless `status` is cudaSuccess.
void cuda_check(cudaError_t status, std::string_view what);

// Device memory, 256-byte aligned. Throws with the requested and free sizes if the device has too little.
class CudaBuffer {
 public:
  CudaBuffer() = default;
  explicit CudaBuffer(std::size_t bytes);
  CudaBuffer(CudaBuffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
  CudaBuffer& operator=(CudaBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~CudaBuffer();

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

class CudaDevice final : public Device {
 public:
  // Throws if there is no driver, the driver is too old, there is no such device, or this build has no code for the
  // chip.
  explicit CudaDevice(int index);
  ~CudaDevice() override;

  DeviceKind kind() const override { return DeviceKind::cuda; }
  std::string name() const override;
  Facts facts() const override;
  std::size_t memory_bytes() const override;
  std::size_t free_memory_bytes() const override;
  std::size_t cache_bytes() const override;  // L2

  std::unique_ptr<Stopwatch> make_stopwatch() override;
  void synchronize() override;
  void flush_cache() override;
  void hold() override;
  void release() override;
  std::unique_ptr<Graph> capture(const std::function<void()>& enqueue_all) override;
  std::shared_ptr<void> allocate_host(std::size_t bytes) override;
  std::unique_ptr<Tensor> allocate(std::size_t bytes) override;
  std::unique_ptr<Tensor> view(Tensor& whole, std::size_t offset, std::size_t bytes) override;
  std::vector<std::pair<std::string, double>> readings() const override;
  std::string disturbance() override;
  void* queue() override { return stream(); }

  cudaStream_t stream() const;
  const cudaDeviceProp& properties() const;
  int compute_capability() const { return properties().major * 10 + properties().minor; }  // 90 on an H100

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Values in device memory, row-major and without padding. Transfers are queued on the device's stream.
class CudaTensor : public Tensor {
 public:
  CudaTensor(CudaDevice& device, std::size_t bytes);             // with guard bytes before and after the values
  CudaTensor(CudaDevice& device, void* data, std::size_t bytes)  // a view of other storage
      : device_(device), data_(data), bytes_(bytes) {}

  std::size_t bytes() const override { return bytes_; }
  void upload(const void* row_major) override;
  void download(void* row_major) const override;
  bool intact() const override;

  void* address() const override { return data_; }

 private:
  CudaDevice& device_;
  CudaBuffer buffer_;  // empty in a view
  void* data_;
  std::size_t bytes_;
};

std::unique_ptr<Tensor> make_cuda_tensor(CudaDevice& device, const TensorSpec& spec);

// The device address of any row-major tensor.
inline void* cuda_data(const Tensor* tensor) { return tensor->address(); }

}  // namespace whygpu
