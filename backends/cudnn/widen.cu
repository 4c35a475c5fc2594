#include "backends/cudnn/widen.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <stdexcept>

#include "backends/devices/ceil_div.h"
#include "backends/devices/cuda.h"

namespace whygpu {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void widen_kernel(const T* __restrict__ values, float* __restrict__ wide, std::int64_t count) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i < count) wide[i] = static_cast<float>(values[i]);
}

template <class T>
void launch(const void* values, float* wide, std::int64_t count, cudaStream_t stream) {
  widen_kernel<<<static_cast<unsigned>(ceil_div(count, kThreads)), kThreads, 0, stream>>>(static_cast<const T*>(values),
                                                                                          wide, count);
  cuda_check(cudaGetLastError(), "widening");
}

}  // namespace

void widen(DType from, const void* values, float* wide, std::int64_t count, cudaStream_t stream) {
  switch (from) {
    case DType::f16: return launch<__half>(values, wide, count, stream);
    case DType::bf16: return launch<__nv_bfloat16>(values, wide, count, stream);
    default: throw std::logic_error("widening a type that is not 16 bits wide");
  }
}

}  // namespace whygpu
