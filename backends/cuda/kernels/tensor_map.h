// Tensor maps: descriptions of matrices and images in global memory for TMA.
#pragma once

#include "backends/cuda/kernels/hopper_instructions.h"

#ifdef __CUDACC__
#include <cudaTypedefs.h>
#endif

namespace whygpu::cuda {

// `entries` matrices of `lines` lines of `length` elements, lines `pitch` and matrices `entry` elements apart,
// transferred in boxes of box_lines lines of 128 bytes each. The start and both distances in bytes must be multiples of
// 16.
struct MatrixShape {
  std::int64_t length, lines, entries, pitch, entry;
  int box_lines;
};

// NHWC images, read as the pixels that one filter tap needs, `pixels` of them with 128 bytes of channels each. For the
// tap at offset 0 these are first_x + i · step_x for i < results_x, likewise for y, row by row and image by image;
// pixels outside the image are zero. Rows and pixels must start on 16-byte boundaries.
struct PixelsShape {
  struct Axis {
    int extent, first, step, results;
    int last() const { return first + (results - 1) * step - (extent - 1); }  // relative to the image's last pixel
  };
  int channels, images;
  Axis x, y;
  int pixels;
};

// Limits of the instructions: corners of 8 bits, steps up to 8.
inline bool has_pixel_map(const PixelsShape& shape) {
  const auto fits = [](const PixelsShape::Axis& axis) {
    return axis.step <= 8 && axis.first >= -128 && axis.first <= 127 && axis.last() >= -128 && axis.last() <= 127;
  };
  return fits(shape.x) && fits(shape.y);
}
inline constexpr int kMaxTapOffset = 255;

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

// A driver function, looked up through the runtime, so that nothing links to the driver.
template <class Function>
Function driver_function(const char* name) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  const cudaError_t status = cudaGetDriverEntryPointByVersion(name, &function, 12000, cudaEnableDefault, &found);
  if (status != cudaSuccess || found != cudaDriverEntryPointSuccess) {
    throw std::runtime_error("the driver has no " + std::string(name) + ": CUDA 12.0 or newer is needed");
  }
  return reinterpret_cast<Function>(function);
}

template <class T>
TensorMap make_tensor_map(const void* data, const MatrixShape& shape) {
  const cuuint64_t extents[] = {static_cast<cuuint64_t>(shape.length), static_cast<cuuint64_t>(shape.lines),
                                static_cast<cuuint64_t>(shape.entries)};
  const cuuint64_t strides[] = {static_cast<cuuint64_t>(shape.pitch) * sizeof(T),
                                static_cast<cuuint64_t>(shape.entry) * sizeof(T)};
  const cuuint32_t box[] = {128 / sizeof(T), static_cast<cuuint32_t>(shape.box_lines), 1};
  const cuuint32_t steps[] = {1, 1, 1};
  static const auto encode = driver_function<PFN_cuTensorMapEncodeTiled_v12000>("cuTensorMapEncodeTiled");
  TensorMap map;
  const CUresult status = encode(&map, tensor_map_type<T>(), 3, const_cast<void*>(data), extents, strides, box, steps,
                                 CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                                 CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (status != CUDA_SUCCESS) {
    throw std::runtime_error("cuTensorMapEncodeTiled failed (error " + std::to_string(status) + ")");
  }
  return map;
}

template <class T>
TensorMap make_pixel_map(const void* data, const PixelsShape& shape) {
  const auto count = [](auto value) { return static_cast<cuuint64_t>(value); };
  const cuuint64_t extents[] = {count(shape.channels), count(shape.x.extent), count(shape.y.extent),
                                count(shape.images)};
  const cuuint64_t pixel = extents[0] * sizeof(T), line = extents[1] * pixel;
  const cuuint64_t strides[] = {pixel, line, extents[2] * line};
  const int lower[] = {shape.x.first, shape.y.first}, upper[] = {shape.x.last(), shape.y.last()};
  const cuuint32_t steps[] = {1, static_cast<cuuint32_t>(shape.x.step), static_cast<cuuint32_t>(shape.y.step), 1};
  static const auto encode = driver_function<PFN_cuTensorMapEncodeIm2col_v12000>("cuTensorMapEncodeIm2col");
  TensorMap map;
  const CUresult status =
      encode(&map, tensor_map_type<T>(), 4, const_cast<void*>(data), extents, strides, lower, upper, 128 / sizeof(T),
             static_cast<cuuint32_t>(shape.pixels), steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
             CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (status != CUDA_SUCCESS) {
    throw std::runtime_error("cuTensorMapEncodeIm2col failed (error " + std::to_string(status) + ")");
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
          shape.box_lines,
          {}};
}

template <class T>
TensorMap make_pixel_map(const void* data, const PixelsShape& shape) {
  TensorMap map{};
  map.data = const_cast<void*>(data);
  map.element_bytes = sizeof(T);
  map.image = {shape.channels,
               {shape.x.extent, shape.y.extent, shape.images},
               {shape.x.first, shape.y.first},
               {shape.x.last(), shape.y.last()},
               {shape.x.step, shape.y.step},
               shape.pixels};
  return map;
}

#endif

}  // namespace whygpu::cuda
