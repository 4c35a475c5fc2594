#include "backends/devices/cuda_borrowed.h"

#include <algorithm>
#include <optional>
#include <type_traits>

#include "backends/devices/cuda_layers/operations.h"

namespace whygpu {
namespace {

using cuda_layers::Index;

constexpr int kThreads = 256, kLanes = 32, kWarps = kThreads / kLanes;
constexpr Index kMostBlocks = 65535;
constexpr Index kRowsPerSlice = 64;  // of a column sum
constexpr int kTotalBlocks = 256;

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
    __syncthreads();  // the last reduction has been read by all
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

// A block sums one slice of rows of kLanes columns; slice s of the sums of a column stands at [s][column][sum].
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
  return static_cast<unsigned>(std::clamp<Index>((items + each - 1) / each, 1, kMostBlocks));
}

int slices_of(Index rows) { return static_cast<int>(blocks(rows, kRowsPerSlice)); }

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
    const int slices = slices_of(rows);
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

// Room for the sums of columns, or of a total.
template <class O>
std::size_t partial_bytes(const O& op) {
  constexpr int kMostSums = 2;
  std::size_t floats = kTotalBlocks;
  if constexpr (requires { op.columns; }) {
    floats = std::max(floats, static_cast<std::size_t>(slices_of(op.rows) * op.columns * kMostSums));
  }
  return floats * sizeof(float);
}

template <class O>
class CudaBorrowed final : public Operation {
 public:
  CudaBorrowed(const O& op, CudaDevice& device) : op_(op), device_(device), partial_(partial_bytes(op)) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_cuda_tensor(device_, op_.arguments().at(static_cast<std::size_t>(index)));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    void* storage[16];
    for (std::size_t i = 0; i < tensors.size(); ++i) storage[i] = cuda_data(tensors[i]);
    CudaLauncher launcher(device_.stream(), static_cast<float*>(partial_.data()));
    cuda_layers::run(op_, storage, launcher);
    cuda_check(cudaGetLastError(), "launching a borrowed kernel");
  }

  std::string implementation() const override { return "borrowed: CUDA kernels of our own"; }

 private:
  O op_;
  CudaDevice& device_;
  CudaBuffer partial_;
};

}  // namespace

bool is_cuda_borrowed(const Op& op) {
  return std::visit([]<class O>(const O&) { return cuda_layers::Runnable<O, CudaLauncher>; }, op);
}

std::unique_ptr<Operation> prepare_cuda_borrowed(const Op& op, CudaDevice& device) {
  return std::visit(
      [&device]<class O>(const O& shape) -> std::unique_ptr<Operation> {
        if constexpr (cuda_layers::Runnable<O, CudaLauncher>) {
          return std::make_unique<CudaBorrowed<O>>(shape, device);
        } else {
          return nullptr;
        }
      },
      op);
}

}  // namespace whygpu
