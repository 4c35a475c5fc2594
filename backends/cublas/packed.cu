#include <algorithm>

#include "backends/cublas/packed_values.h"
#include "backends/devices/ceil_div.h"
#include "backends/devices/cuda.h"

namespace whygpu {
namespace {

constexpr int kThreads = 256;
constexpr int kLanes = 32;
constexpr std::int64_t kMaxEntries = 65535;  // in a grid's second dimension

template <class T>
__global__ void __launch_bounds__(kThreads)
    pack_kernel(PackedLayout layout, std::uint32_t chunks, const T* __restrict__ row_major, T* __restrict__ packed) {
  const std::uint32_t chunk = blockIdx.x * kThreads + threadIdx.x;
  if (chunk >= chunks) return;
  for (std::int64_t entry = blockIdx.y; entry < layout.batch; entry += gridDim.y) {
    pack_chunk(layout, entry, chunk, row_major, packed);
  }
}

// One warp per row.
template <class T>
__global__ void __launch_bounds__(kThreads)
    unpack_kernel(PackedLayout layout, const T* __restrict__ packed, T* __restrict__ row_major) {
  const std::int64_t row = std::int64_t{blockIdx.x} * (kThreads / kLanes) + threadIdx.x / kLanes;
  if (row >= layout.rows) return;
  for (std::int64_t entry = blockIdx.y; entry < layout.batch; entry += gridDim.y) {
    const T* const from = packed_row(layout, entry, row, packed);
    T* const to = plain_row(layout, entry, row, row_major);
    for (std::int64_t column = threadIdx.x % kLanes; column < layout.columns; column += kLanes)
      to[column] = from[column];
  }
}

dim3 grid(std::int64_t blocks, const PackedLayout& layout) {
  return {static_cast<unsigned>(blocks), static_cast<unsigned>(std::min(layout.batch, kMaxEntries))};
}

template <class T>
void launch_pack(const PackedLayout& layout, const void* row_major, void* packed, cudaStream_t stream) {
  const std::int64_t chunks = chunks_of(layout);
  if (chunks > UINT32_MAX - kThreads) throw std::runtime_error("a matrix is too large to pack");
  pack_kernel<<<grid(ceil_div(chunks, kThreads), layout), kThreads, 0, stream>>>(
      layout, static_cast<std::uint32_t>(chunks), static_cast<const T*>(row_major), static_cast<T*>(packed));
  cuda_check(cudaGetLastError(), "packing");
}

template <class T>
void launch_unpack(const PackedLayout& layout, const void* packed, void* row_major, cudaStream_t stream) {
  unpack_kernel<<<grid(ceil_div(layout.rows, kThreads / kLanes), layout), kThreads, 0, stream>>>(
      layout, static_cast<const T*>(packed), static_cast<T*>(row_major));
  cuda_check(cudaGetLastError(), "unpacking");
}

}  // namespace

void pack(const PackedLayout& layout, const void* row_major, void* packed, cudaStream_t stream) {
  const auto launch = layout.element_bytes == 1 ? launch_pack<std::uint8_t> : launch_pack<std::uint32_t>;
  launch(layout, row_major, packed, stream);
}

void unpack(const PackedLayout& layout, const void* packed, void* row_major, cudaStream_t stream) {
  const auto launch = layout.element_bytes == 1 ? launch_unpack<std::uint8_t> : launch_unpack<std::uint32_t>;
  launch(layout, packed, row_major, stream);
}

}  // namespace whygpu
