// Tensor maps: what TMA has to know of a matrix in global memory.
#pragma once

#include "backends/cuda/kernels/hopper_instructions.h"

#ifdef __CUDACC__
#include <cudaTypedefs.h>
#endif

namespace whygpu::cuda {

// `entries` matrices of `lines` lines of `length` elements, lines `pitch` and matrices `entry` elements apart, moved in
// boxes of box_lines lines of 128 bytes each. The start, and both distances in bytes, must be multiples of 16.
struct MatrixShape {
  std::int64_t length, lines, entries, pitch, entry;
  int box_lines;
};

#ifdef __CUDACC__

template <class T>
constexpr CUtensorMapDataType tensor_map_type() {
  if constexpr (std::is_same_v<T, Float16>) return CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
  if constexpr (std::is_same_v<T, BFloat16>) return CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
  if constexpr (std::is_same_v<T, Tf32>) return CU_TENSOR_MAP_DATA_TYPE_TFLOAT32;
  if constexpr (std::is_same_v<T, float>) return CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
  if constexpr (std::is_same_v<T, std::int32_t>) return CU_TENSOR_MAP_DATA_TYPE_INT32;
  return CU_TENSOR_MAP_DATA_TYPE_UINT8;
}

// The driver's own function, asked of the runtime, so that nothing has to link to the driver.
inline PFN_cuTensorMapEncodeTiled_v12000 tensor_map_encoder() {
  static const auto encode = [] {
    void* function = nullptr;
    cudaDriverEntryPointQueryResult found{};
    const cudaError_t status =
        cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &found);
    if (status != cudaSuccess || found != cudaDriverEntryPointSuccess) {
      throw std::runtime_error("the driver has no cuTensorMapEncodeTiled; it needs to know CUDA 12.0");
    }
    return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
  }();
  return encode;
}

template <class T>
TensorMap make_tensor_map(const void* data, const MatrixShape& shape) {
  const cuuint64_t extents[] = {static_cast<cuuint64_t>(shape.length), static_cast<cuuint64_t>(shape.lines),
                                static_cast<cuuint64_t>(shape.entries)};
  const cuuint64_t strides[] = {static_cast<cuuint64_t>(shape.pitch) * sizeof(T),
                                static_cast<cuuint64_t>(shape.entry) * sizeof(T)};
  const cuuint32_t box[] = {128 / sizeof(T), static_cast<cuuint32_t>(shape.box_lines), 1};
  const cuuint32_t steps[] = {1, 1, 1};
  TensorMap map;
  const CUresult status = tensor_map_encoder()(&map, tensor_map_type<T>(), 3, const_cast<void*>(data), extents, strides,
                                               box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                                               CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (status != CUDA_SUCCESS) {
    throw std::runtime_error("cuTensorMapEncodeTiled refused a matrix (error " + std::to_string(status) + ")");
  }
  return map;
}

#else

template <class T>
TensorMap make_tensor_map(const void* data, const MatrixShape& shape) {
  return {const_cast<void*>(data),
          static_cast<int>(sizeof(T)),
          shape.length,
          shape.lines,
          shape.entries,
          shape.pitch * static_cast<std::int64_t>(sizeof(T)),
          shape.entry * static_cast<std::int64_t>(sizeof(T)),
          shape.box_lines};
}

#endif

}  // namespace whygpu::cuda
