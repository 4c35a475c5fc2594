// Tensor maps: descriptions of matrices and images in global memory for TMA.
#pragma once

#include <initializer_list>

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

// ---- The limits that cuda.h documents for cuTensorMapEncodeTiled and cuTensorMapEncodeIm2col ----
//
// Each function returns the first limit that is broken, in one line, or an empty string. Those on the box's first
// dimension always hold, since it has 128 bytes. cuda.h also derives each distance from the one before it, which is no
// limit: fast.cu's maps are in another order, as is ours of filters.

inline std::string layout_problem(const void* data, std::initializer_list<std::int64_t> extents,
                                  std::initializer_list<std::int64_t> distances) {
  if (reinterpret_cast<std::uintptr_t>(data) % 16 != 0) return "the address is not a multiple of 16";
  for (const std::int64_t extent : extents) {
    if (extent < 1 || extent > std::int64_t{1} << 32)
      return "the extent " + std::to_string(extent) + " is not in [1, 2^32]";
  }
  for (const std::int64_t bytes : distances) {
    if (bytes < 0 || bytes >= std::int64_t{1} << 40) {
      return "the distance of " + std::to_string(bytes) + " bytes is not in [0, 2^40)";
    }
    if (bytes % 16 != 0) return "the distance of " + std::to_string(bytes) + " bytes is not a multiple of 16";
  }
  return {};
}

template <class T>
std::string map_problem(const void* data, const MatrixShape& shape) {
  constexpr std::int64_t kBytes = sizeof(T);
  if (shape.box_lines < 1 || shape.box_lines > 256) {
    return "a box of " + std::to_string(shape.box_lines) + " lines is not in [1, 256]";
  }
  return layout_problem(data, {shape.length, shape.lines, shape.entries}, {shape.pitch * kBytes, shape.entry * kBytes});
}

// Independent of the image's place in memory.
inline std::string pixels_problem(const PixelsShape& shape) {
  for (const PixelsShape::Axis& axis : {shape.x, shape.y}) {
    if (axis.step < 1 || axis.step > 8) return "a step of " + std::to_string(axis.step) + " pixels is not in [1, 8]";
    if (axis.results < 1) return "the box of pixels is empty";
    for (const int corner : {axis.first, axis.last()}) {
      if (corner < -128 || corner > 127) return "a corner at " + std::to_string(corner) + " is not in [-128, 127]";
    }
  }
  if (shape.pixels < 1 || shape.pixels > 1024) return std::to_string(shape.pixels) + " pixels are not in [1, 1024]";
  return {};
}

template <class T>
std::string map_problem(const void* data, const PixelsShape& shape) {
  const std::int64_t pixel = std::int64_t{shape.channels} * sizeof(T), line = pixel * shape.x.extent;
  std::string problem = pixels_problem(shape);
  if (!problem.empty()) return problem;
  return layout_problem(data, {shape.channels, shape.x.extent, shape.y.extent, shape.images},
                        {pixel, line, line * shape.y.extent});
}

template <class T, class Shape>
void require_map(const void* data, const Shape& shape) {
  const std::string problem = map_problem<T>(data, shape);
  if (!problem.empty()) throw std::runtime_error("tensor map: " + problem);
}

inline constexpr int kMaxTapOffset = 255;  // of the load instruction

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
#if CUDART_VERSION >= 12050
  const cudaError_t status = cudaGetDriverEntryPointByVersion(name, &function, 12000, cudaEnableDefault, &found);
#else  // the version that the toolkit's headers declare, which is 12.0 for both functions
  const cudaError_t status = cudaGetDriverEntryPoint(name, &function, cudaEnableDefault, &found);
#endif
  if (status != cudaSuccess || found != cudaDriverEntryPointSuccess) {
    throw std::runtime_error("the driver has no " + std::string(name) + ": CUDA 12.0 or newer is needed");
  }
  return reinterpret_cast<Function>(function);
}

template <class T>
TensorMap make_tensor_map(const void* data, const MatrixShape& shape) {
  require_map<T>(data, shape);
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
  require_map<T>(data, shape);
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
  require_map<T>(data, shape);
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
  require_map<T>(data, shape);
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
