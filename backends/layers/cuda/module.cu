// The loadable module for CUDA devices: every layer's parts as kernels on the backend's stream.
#include <algorithm>

#include "backends/devices/cuda.h"
#include "backends/layers/cuda/registry.h"
#include "backends/layers/layer.h"

namespace whygpu {
namespace {

using cuda_layers::Index;
using cuda_layers::kTotalBlocks;
using cuda_layers::slices_of;

constexpr int kThreads = 256, kLanes = 32, kWarps = kThreads / kLanes;
constexpr Index kMaxBlocks = 65535;

// The threads of a block as a team.
class BlockTeam {
 public:
  __device__ int index() const { return static_cast<int>(threadIdx.x); }
  __device__ int size() const { return kThreads; }
  __device__ float sum(float x) {
    return reduce(x, [](float a, float b) { return a + b; });
  }
  __device__ float maximum(float x) {
    return reduce(x, [](float a, float b) { return a > b ? a : b; });
  }

 private:
  template <class F>
  __device__ float reduce(float x, F combine) {
    __shared__ float of_warp[kWarps];
    for (int distance = kLanes / 2; distance > 0; distance /= 2) {
      x = combine(x, __shfl_xor_sync(0xffffffff, x, distance));
    }
    __syncthreads();  // all threads have read the last reduction
    if (threadIdx.x % kLanes == 0) of_warp[threadIdx.x / kLanes] = x;
    __syncthreads();
    x = of_warp[0];
    for (int warp = 1; warp < kWarps; ++warp) x = combine(x, of_warp[warp]);
    return x;
  }
};

template <class F>
__global__ void __launch_bounds__(kThreads) elements_kernel(F f, Index count) {
  for (Index i = Index{blockIdx.x} * kThreads + threadIdx.x; i < count; i += Index{gridDim.x} * kThreads) f(i);
}

template <class F>
__global__ void __launch_bounds__(kThreads) rows_kernel(F f, Index rows) {
  BlockTeam team;
  for (Index row = blockIdx.x; row < rows; row += gridDim.x) f(row, team);
}

// A block sums one slice of rows of kLanes columns. Sum k of slice s of a column is at [s][column][k].
template <class F>
__global__ void __launch_bounds__(kThreads) columns_kernel(F f, Index rows, Index columns, float* partial) {
  __shared__ float of_warp[kWarps][F::kSums][kLanes];
  const int lane = static_cast<int>(threadIdx.x) % kLanes, warp = static_cast<int>(threadIdx.x) / kLanes;
  const Index column = Index{blockIdx.x} * kLanes + lane;
  float sums[F::kSums] = {};
  if (column < columns) {
    for (Index row = Index{blockIdx.y} * kWarps + warp; row < rows; row += Index{gridDim.y} * kWarps) {
      f.add(row, column, sums);
    }
  }
  for (int k = 0; k < F::kSums; ++k) of_warp[warp][k][lane] = sums[k];
  __syncthreads();
  if (warp != 0 || column >= columns) return;
  for (int k = 0; k < F::kSums; ++k) {
    float sum = 0;
    for (int w = 0; w < kWarps; ++w) sum += of_warp[w][k][lane];
    partial[(blockIdx.y * columns + column) * F::kSums + k] = sum;
  }
}

template <class F>
__global__ void __launch_bounds__(kThreads)
    finish_columns_kernel(F f, Index columns, int slices, const float* partial) {
  const Index column = Index{blockIdx.x} * kThreads + threadIdx.x;
  if (column >= columns) return;
  float sums[F::kSums] = {};
  for (int slice = 0; slice < slices; ++slice) {
    for (int k = 0; k < F::kSums; ++k) sums[k] += partial[(slice * columns + column) * F::kSums + k];
  }
  f.finish(column, sums);
}

template <class F>
__global__ void __launch_bounds__(kThreads) total_kernel(F f, Index count, float* partial) {
  BlockTeam team;
  float sum = 0;
  for (Index i = Index{blockIdx.x} * kThreads + threadIdx.x; i < count; i += Index{gridDim.x} * kThreads)
    sum += f.value(i);
  sum = team.sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

template <class F>
__global__ void __launch_bounds__(kThreads) finish_total_kernel(F f, const float* partial) {
  static_assert(kTotalBlocks == kThreads);
  BlockTeam team;
  const float sum = team.sum(partial[threadIdx.x]);
  if (threadIdx.x == 0) f.finish(sum);
}

unsigned blocks(Index items, Index each) {
  return static_cast<unsigned>(std::clamp<Index>((items + each - 1) / each, 1, kMaxBlocks));
}

class CudaLauncher {
 public:
  CudaLauncher(cudaStream_t stream, float* partial) : stream_(stream), partial_(partial) {}

  template <class F>
  void elements(Index count, F f) {
    elements_kernel<<<blocks(count, kThreads), kThreads, 0, stream_>>>(f, count);
  }
  template <class F>
  void rows(Index count, F f) {
    rows_kernel<<<blocks(count, 1), kThreads, 0, stream_>>>(f, count);
  }
  template <class F>
  void columns(Index rows, Index columns, F f) {
    const auto slices = static_cast<int>(slices_of(rows));
    const dim3 grid(blocks(columns, kLanes), static_cast<unsigned>(slices));
    columns_kernel<<<grid, kThreads, 0, stream_>>>(f, rows, columns, partial_);
    finish_columns_kernel<<<blocks(columns, kThreads), kThreads, 0, stream_>>>(f, columns, slices, partial_);
  }
  template <class F>
  void total(Index count, F f) {
    total_kernel<<<kTotalBlocks, kThreads, 0, stream_>>>(f, count, partial_);
    finish_total_kernel<<<1, kThreads, 0, stream_>>>(f, partial_);
  }

 private:
  cudaStream_t stream_;
  float* partial_;
};

class CudaLayer final : public Operation {
 public:
  using Entry = cuda_layers::CudaLayers<CudaLauncher>::Entry;
  CudaLayer(const Layer& layer, const Entry& entry, Device& device)
      : layer_(layer),
        entry_(entry),
        device_(device),
        partial_(static_cast<std::size_t>(entry.sums(layer.description())) * sizeof(float)) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    return device_.allocate(layer_.arguments().at(static_cast<std::size_t>(index)).bytes());
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    void* storage[16];
    for (std::size_t i = 0; i < tensors.size(); ++i) storage[i] = tensors[i]->address();
    CudaLauncher launcher(static_cast<cudaStream_t>(device_.queue()), static_cast<float*>(partial_.data()));
    entry_.run(layer_.description(), storage, launcher);
    cuda_check(cudaGetLastError(), "launching a layer's kernel");
  }

  std::string implementation() const override { return "fallback: whygpu CUDA kernels"; }

 private:
  Layer layer_;
  Entry entry_;
  Device& device_;
  CudaBuffer partial_;
};

// This module has its own CUDA runtime, which starts with device 0.
void use_device_of(cudaStream_t stream) {
#if CUDART_VERSION >= 12080
  int device = 0;
  cuda_check(cudaStreamGetDevice(stream, &device), "reading the stream's device");
  cuda_check(cudaSetDevice(device), "selecting the stream's device");
#else
  (void)stream;  // the runtime uses the context that the backend made current
#endif
}

class CudaLayerKernels final : public LayerKernels {
 public:
  explicit CudaLayerKernels(Device& device) : device_(device), layers_(cuda_layers::all_layers<CudaLauncher>()) {
    use_device_of(static_cast<cudaStream_t>(device.queue()));
  }

  std::unique_ptr<Operation> prepare(const Layer& layer) override {
    const auto found = layers_.entries.find(layer.name());
    if (found == layers_.entries.end()) return nullptr;
    return std::make_unique<CudaLayer>(layer, found->second, device_);
  }

 private:
  Device& device_;
  cuda_layers::CudaLayers<CudaLauncher> layers_;
};

}  // namespace
}  // namespace whygpu

extern "C" __attribute__((visibility("default"))) const whygpu::LayerModule* whygpu_layer_module() {
  static const whygpu::LayerModule module{
      .name = "cuda",
      .create = [](whygpu::Device& device) -> whygpu::LayerKernels* { return new whygpu::CudaLayerKernels(device); }};
  return &module;
}
