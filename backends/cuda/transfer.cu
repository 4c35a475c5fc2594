// Copies between host and device, empty launches, and the cycle counter.
#include <cstdlib>
#include <cstring>

#include "backends/cuda/probes.h"

namespace whygpu::cuda {
namespace {

// The host side of a transfer.
class HostMemory final : public Tensor {
 public:
  HostMemory(CudaDevice& device, bool pinned, std::size_t bytes) : device_(device), pinned_(pinned), bytes_(bytes) {
    if (pinned) {
      cuda_check(cudaHostAlloc(&data_, bytes, cudaHostAllocDefault), "page-locking host memory");
    } else if (data_ = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096); data_ == nullptr) {
      throw std::runtime_error("out of memory: a transfer needs " + std::to_string(bytes) + " bytes");
    }
  }
  ~HostMemory() override { pinned_ ? static_cast<void>(cudaFreeHost(data_)) : std::free(data_); }
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  std::size_t bytes() const override { return bytes_; }
  void upload(const void* row_major) override { std::memcpy(data_, row_major, bytes_); }
  void download(void* row_major) const override {
    device_.synchronize();
    std::memcpy(row_major, data_, bytes_);
  }
  void* data() const { return data_; }

 private:
  CudaDevice& device_;
  bool pinned_;
  std::size_t bytes_;
  void* data_ = nullptr;
};

class CudaTransfer final : public Operation {
 public:
  CudaTransfer(const Transfer& transfer, CudaDevice& device) : transfer_(transfer), device_(device) {
    cuda_check(cudaStreamCreateWithFlags(&second_, cudaStreamNonBlocking), "creating a second stream");
    cuda_check(cudaEventCreateWithFlags(&begun_, cudaEventDisableTiming), "creating an event");
    cuda_check(cudaEventCreateWithFlags(&done_, cudaEventDisableTiming), "creating an event");
  }
  ~CudaTransfer() override {
    cudaEventDestroy(begun_);
    cudaEventDestroy(done_);
    cudaStreamDestroy(second_);
  }
  CudaTransfer(const CudaTransfer&) = delete;
  CudaTransfer& operator=(const CudaTransfer&) = delete;

  // Arguments 0 and 3 are on the host if data goes to the device first, otherwise argument 1.
  std::unique_ptr<Tensor> allocate(int index) override {
    const bool host = transfer_.direction == Direction::to_host ? index == 1 : index == 0 || index == 3;
    const auto bytes = static_cast<std::size_t>(transfer_.bytes);
    if (host) return std::make_unique<HostMemory>(device_, transfer_.pinned, bytes);
    return make_cuda_tensor(device_, transfer_.arguments().at(static_cast<std::size_t>(index)));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const cudaStream_t stream = device_.stream();
    if (transfer_.direction == Direction::to_device) return copy_to_device(tensors[0], tensors[1], stream);
    if (transfer_.direction == Direction::to_host) return copy_to_host(tensors[0], tensors[1], stream);
    cuda_check(cudaEventRecord(begun_, stream), "recording an event");
    cuda_check(cudaStreamWaitEvent(second_, begun_, 0), "waiting for an event");
    copy_to_device(tensors[0], tensors[1], stream);
    copy_to_host(tensors[2], tensors[3], second_);
    cuda_check(cudaEventRecord(done_, second_), "recording an event");
    cuda_check(cudaStreamWaitEvent(stream, done_, 0), "waiting for an event");
  }

  std::string implementation() const override {
    return std::string("cudaMemcpyAsync, ") + (transfer_.pinned ? "pinned" : "pageable") + " host memory" +
           (transfer_.direction == Direction::both_ways ? ", two streams" : "");
  }

 private:
  void copy_to_device(const Tensor* host, Tensor* device, cudaStream_t stream) const {
    cuda_check(cudaMemcpyAsync(cuda_data(device), static_cast<const HostMemory*>(host)->data(), host->bytes(),
                               cudaMemcpyHostToDevice, stream),
               "copying to the device");
  }
  void copy_to_host(Tensor* device, const Tensor* host, cudaStream_t stream) const {
    cuda_check(cudaMemcpyAsync(static_cast<const HostMemory*>(host)->data(), cuda_data(device), host->bytes(),
                               cudaMemcpyDeviceToHost, stream),
               "copying to the host");
  }

  Transfer transfer_;
  CudaDevice& device_;
  cudaStream_t second_ = nullptr;
  cudaEvent_t begun_ = nullptr, done_ = nullptr;
};

__global__ void empty_kernel() {}

// Busy until the multiprocessor's own counter has advanced by `cycles`.
__global__ void wait_cycles(std::int64_t cycles) {
  const std::int64_t start = clock64();
  while (clock64() - start < cycles) {
  }
}

// An operation without tensors.
class WithoutTensors : public Operation {
 public:
  std::unique_ptr<Tensor> allocate(int) override { throw std::logic_error("an operation without arguments"); }
};

class CudaLaunch final : public WithoutTensors {
 public:
  CudaLaunch(const Launch& launch, CudaDevice& device) : launches_(launch.launches), device_(device) {}
  void enqueue(std::span<Tensor* const>) override {
    for (std::int64_t i = 0; i < launches_; ++i) empty_kernel<<<1, 32, 0, device_.stream()>>>();
    cuda_check(cudaGetLastError(), "launching an empty kernel");
  }
  std::string implementation() const override { return "empty kernel of one warp"; }

 private:
  std::int64_t launches_;
  CudaDevice& device_;
};

class CudaCycles final : public WithoutTensors {
 public:
  CudaCycles(const CycleChain& chain, CudaDevice& device) : cycles_(chain.cycles), device_(device) {}
  void enqueue(std::span<Tensor* const>) override {
    wait_cycles<<<device_.properties().multiProcessorCount, 32, 0, device_.stream()>>>(cycles_);
    cuda_check(cudaGetLastError(), "launching the clock kernel");
  }
  std::string implementation() const override { return "each multiprocessor polls its own cycle counter"; }

 private:
  std::int64_t cycles_;
  CudaDevice& device_;
};

}  // namespace

std::unique_ptr<Operation> prepare_transfer(const Transfer& transfer, CudaDevice& device) {
  return std::make_unique<CudaTransfer>(transfer, device);
}
std::unique_ptr<Operation> prepare_launch(const Launch& launch, CudaDevice& device) {
  return std::make_unique<CudaLaunch>(launch, device);
}
std::unique_ptr<Operation> prepare_cycles(const CycleChain& chain, CudaDevice& device) {
  return std::make_unique<CudaCycles>(chain, device);
}

}  // namespace whygpu::cuda
