// STREAM on device memory: 16 bytes per thread and step, as many blocks as fit on the GPU at once.
#include "backends/cuda/probes.h"

namespace whygpu::cuda {
namespace {

constexpr int kThreads = 512;
constexpr int kBlocksPerMultiprocessor = 4;  // 2048 threads, the limit of every chip

template <class T>
struct alignas(16) Pack {
  T values[16 / sizeof(T)];
};

template <class T, StreamKernel kernel>
__device__ T value_of(T x, T y) {
  constexpr T s = static_cast<T>(kStreamScale);
  if constexpr (kernel == StreamKernel::scale) return s * x;
  if constexpr (kernel == StreamKernel::add) return x + y;
  if constexpr (kernel == StreamKernel::triad) return x + s * y;
  return x;
}

template <class T, StreamKernel kernel>
__global__ void __launch_bounds__(kThreads)
    stream_kernel(const T* x, const T* y, T* z, std::int64_t elements, std::int64_t passes) {
  constexpr std::int64_t kLanes = 16 / sizeof(T);
  constexpr bool kTwo = kernel == StreamKernel::add || kernel == StreamKernel::triad;
  const std::int64_t first = std::int64_t{blockIdx.x} * kThreads + threadIdx.x,
                     step = std::int64_t{gridDim.x} * kThreads;
  const std::int64_t packs = elements / kLanes;
  const auto* x_packs = reinterpret_cast<const Pack<T>*>(x);
  const auto* y_packs = reinterpret_cast<const Pack<T>*>(y);
  auto* z_packs = reinterpret_cast<Pack<T>*>(z);
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    for (std::int64_t i = first; i < packs; i += step) {
      Pack<T> a = x_packs[i];
      Pack<T> b = kTwo ? y_packs[i] : a;
#pragma unroll
      for (int lane = 0; lane < kLanes; ++lane) a.values[lane] = value_of<T, kernel>(a.values[lane], b.values[lane]);
      z_packs[i] = a;
    }
    const std::int64_t rest = packs * kLanes + first;
    if (rest < elements) z[rest] = value_of<T, kernel>(x[rest], kTwo ? y[rest] : T{0});
    asm volatile("" ::: "memory");
  }
}

template <class T>
__device__ T sum_of_block(T value) {
  __shared__ T partial[kThreads / 32];
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_down_sync(0xffffffffU, value, distance);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x < 32) {
    value = threadIdx.x < kThreads / 32 ? partial[threadIdx.x] : T{0};
    for (int distance = 8; distance > 0; distance /= 2) value += __shfl_down_sync(0xffffffffU, value, distance);
  }
  __syncthreads();
  return value;  // in thread 0
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    sum_kernel(const T* x, T* partial, std::int64_t elements, std::int64_t passes) {
  constexpr std::int64_t kLanes = 16 / sizeof(T);
  const std::int64_t first = std::int64_t{blockIdx.x} * kThreads + threadIdx.x,
                     step = std::int64_t{gridDim.x} * kThreads;
  const std::int64_t packs = elements / kLanes;
  const auto* x_packs = reinterpret_cast<const Pack<T>*>(x);
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    Pack<T> sums = {};
#pragma unroll 4
    for (std::int64_t i = first; i < packs; i += step) {
      const Pack<T> values = x_packs[i];
#pragma unroll
      for (int lane = 0; lane < kLanes; ++lane) sums.values[lane] += values.values[lane];
    }
    T sum = 0;
    for (int lane = 0; lane < kLanes; ++lane) sum += sums.values[lane];
    const std::int64_t rest = packs * kLanes + first;
    if (rest < elements) sum += x[rest];
    sum = sum_of_block(sum);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
    asm volatile("" ::: "memory");
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) finish_sum(const T* partial, int count, T* result) {
  T sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) sum += partial[i];
  sum = sum_of_block(sum);
  if (threadIdx.x == 0) *result = sum;
}

template <class T>
class CudaStream final : public Operation {
 public:
  CudaStream(const Stream& stream, bool memcpy, CudaDevice& device)
      : stream_(stream),
        memcpy_(memcpy),
        device_(device),
        blocks_(kBlocksPerMultiprocessor * device.properties().multiProcessorCount) {
    if (stream.kernel == StreamKernel::sum) partial_ = CudaBuffer(sizeof(T) * static_cast<std::size_t>(blocks_));
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_cuda_tensor(device_, stream_.arguments().at(static_cast<std::size_t>(index)));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const auto* x = static_cast<const T*>(cuda_data(tensors.front()));
    const auto* y = stream_.inputs() == 2 ? static_cast<const T*>(cuda_data(tensors[1])) : nullptr;
    auto* z = static_cast<T*>(cuda_data(tensors.back()));
    switch (stream_.kernel) {
      case StreamKernel::copy: return memcpy_ ? copy(x, z) : run<StreamKernel::copy>(x, y, z);
      case StreamKernel::scale: return run<StreamKernel::scale>(x, y, z);
      case StreamKernel::add: return run<StreamKernel::add>(x, y, z);
      case StreamKernel::triad: return run<StreamKernel::triad>(x, y, z);
      case StreamKernel::sum: return sum(x, z);
    }
  }

  std::string implementation() const override {
    if (memcpy_) return "cudaMemcpyAsync, device to device";
    return "16-byte accesses, " + std::to_string(blocks_) + " blocks of " + std::to_string(kThreads) + " threads";
  }

 private:
  template <StreamKernel kernel>
  void run(const T* x, const T* y, T* z) {
    stream_kernel<T, kernel><<<blocks_, kThreads, 0, device_.stream()>>>(x, y, z, stream_.elements, stream_.passes);
    cuda_check(cudaGetLastError(), "launching a STREAM kernel");
  }

  void copy(const T* x, T* z) {
    for (std::int64_t pass = 0; pass < stream_.passes; ++pass) {
      cuda_check(cudaMemcpyAsync(z, x, sizeof(T) * static_cast<std::size_t>(stream_.elements), cudaMemcpyDeviceToDevice,
                                 device_.stream()),
                 "copying on the device");
    }
  }

  void sum(const T* x, T* z) {
    auto* partial = static_cast<T*>(partial_.data());
    sum_kernel<T><<<blocks_, kThreads, 0, device_.stream()>>>(x, partial, stream_.elements, stream_.passes);
    finish_sum<T><<<1, kThreads, 0, device_.stream()>>>(partial, blocks_, z);
    cuda_check(cudaGetLastError(), "launching the sum");
  }

  Stream stream_;
  bool memcpy_;
  CudaDevice& device_;
  int blocks_;
  CudaBuffer partial_;
};

}  // namespace

std::unique_ptr<Operation> prepare_stream(const Stream& stream, bool memcpy, CudaDevice& device) {
  if (stream.dtype == DType::f32) return std::make_unique<CudaStream<float>>(stream, memcpy, device);
  return std::make_unique<CudaStream<double>>(stream, memcpy, device);
}

}  // namespace whygpu::cuda
