// Included by every kernel file: CUDA, or its emulation on the host, and a launch function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

struct CUstream_st;

#ifdef __CUDACC__
#include <cuda_runtime.h>
#else
#include "backends/cuda/simt/simt.h"
#endif

namespace whygpu::cuda {

struct LaunchShape {
  std::int64_t blocks = 1;
  int threads = 1;
  std::size_t shared_bytes = 0;  // dynamic shared memory per block
  unsigned cluster = 1;          // blocks per cluster
};

#ifdef __CUDACC__

// A block's dynamic shared memory.
__device__ __forceinline__ unsigned char* shared_memory() {
  extern __shared__ __align__(1024) unsigned char memory[];
  return memory;
}

template <class... Parameters>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, CUstream_st* stream, Parameters... arguments) {
  cudaError_t status = cudaSuccess;
  if (shape.shared_bytes > 48 * 1024) {
    status =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shape.shared_bytes));
  }
  if (status == cudaSuccess) {
    cudaLaunchAttribute cluster{};
    cluster.id = cudaLaunchAttributeClusterDimension;
    cluster.val.clusterDim = {shape.cluster, 1, 1};
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(static_cast<unsigned>(shape.blocks));
    config.blockDim = dim3(static_cast<unsigned>(shape.threads));
    config.dynamicSmemBytes = shape.shared_bytes;
    config.stream = stream;
    config.attrs = &cluster;
    config.numAttrs = shape.cluster > 1 ? 1 : 0;
    status = cudaLaunchKernelEx(&config, kernel, arguments...);
  }
  if (status != cudaSuccess) throw std::runtime_error(std::string("kernel launch: ") + cudaGetErrorString(status));
}

#else

inline unsigned char* shared_memory() { return reinterpret_cast<unsigned char*>(simt::dynamic_shared()); }

template <class... Parameters>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, CUstream_st*, Parameters... arguments) {
  simt::run_grid(
      {static_cast<unsigned>(shape.blocks), static_cast<unsigned>(shape.threads), shape.shared_bytes, shape.cluster},
      [&] { kernel(arguments...); });
}

#endif

}  // namespace whygpu::cuda
