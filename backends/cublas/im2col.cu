#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "backends/cublas/im2col.h"
#include "backends/cublas/im2col_values.h"
#include "backends/devices/ceil_div.h"
#include "backends/devices/cuda.h"

namespace whygpu {
namespace {

constexpr int kLanes = 32;
constexpr int kPixels = 8;  // per block, one warp each

// Lines [line, line + lines) of the images from `image` on, in the kernels' integer types.
struct Lines {
  std::int64_t image;
  int line, lines;
};

// One warp per output pixel. Its lanes iterate over [group, r, s, channel], channels fastest: reads are contiguous.
template <class T>
__global__ void im2col_kernel(ColumnShape shape, Lines tile, std::int64_t pixels, const T* __restrict__ x,
                              T* __restrict__ columns) {
  const std::int64_t pixel = std::int64_t{blockIdx.x} * kPixels + threadIdx.y;
  if (pixel >= pixels) return;
  const int q = static_cast<int>(pixel % shape.q);
  const int p = tile.line + static_cast<int>(pixel / shape.q % tile.lines);
  const T* image = x + (tile.image + pixel / shape.q / tile.lines) * shape.h * shape.w * shape.c;
  const int width = shape.width();
  for (int i = threadIdx.x; i < width * shape.groups; i += kLanes) {
    const int group = i / width;
    const int within = i % width;
    columns[(group * pixels + pixel) * width + within] = column_value(shape, image, p, q, group, within);
  }
}

// One warp per input pixel. Its lanes iterate over the channels.
template <class Sum, class T>
__global__ void col2im_kernel(ColumnShape shape, Lines tile, std::int64_t inputs, int first_output, int outputs,
                              std::int64_t pixels, const Sum* __restrict__ columns, T* __restrict__ x) {
  const std::int64_t input = std::int64_t{blockIdx.x} * kPixels + threadIdx.y;
  if (input >= inputs) return;
  const int w = static_cast<int>(input % shape.w);
  const int h = tile.line + static_cast<int>(input / shape.w % tile.lines);
  const std::int64_t image = input / shape.w / tile.lines;  // within the tile
  const std::int64_t first_pixel = image * outputs * shape.q;
  T* out = x + (((tile.image + image) * shape.h + h) * shape.w + w) * shape.c;
  for (int c = threadIdx.x; c < shape.c; c += kLanes) {
    out[c] = static_cast<T>(column_sum(shape, columns, pixels, first_pixel, first_output, outputs, h, w, c));
  }
}

ColumnShape shape_of(const Convolution& conv, std::int64_t channels_per_unit) {
  const auto i = [](std::int64_t value) { return static_cast<int>(value); };
  return {.h = i(conv.h),
          .w = i(conv.w),
          .c = i(conv.c / channels_per_unit),
          .groups = i(conv.groups),
          .r = i(conv.r),
          .s = i(conv.s),
          .p = i(conv.p()),
          .q = i(conv.q()),
          .stride_h = i(conv.stride_h),
          .stride_w = i(conv.stride_w),
          .pad_h = i(conv.pad_h),
          .pad_w = i(conv.pad_w),
          .dilation_h = i(conv.dilation_h),
          .dilation_w = i(conv.dilation_w)};
}

Lines kernel_lines(const ConvolutionTile& tile) {
  return {tile.image, static_cast<int>(tile.line), static_cast<int>(tile.lines)};
}

dim3 grid_for(std::int64_t pixels) { return dim3(static_cast<unsigned>(ceil_div(pixels, kPixels))); }

template <class T>
void launch_im2col(const Convolution& conv, const ConvolutionTile& tile, std::size_t element_bytes, const void* x,
                   void* columns, cudaStream_t stream) {
  const std::int64_t pixels = tile.images * tile.lines * conv.q();
  im2col_kernel<<<grid_for(pixels), dim3(kLanes, kPixels), 0, stream>>>(
      shape_of(conv, static_cast<std::int64_t>(sizeof(T) / element_bytes)), kernel_lines(tile), pixels,
      static_cast<const T*>(x), static_cast<T*>(columns));
  cuda_check(cudaGetLastError(), "im2col");
}

template <class Sum, class T>
void launch_col2im(const Convolution& conv, const ConvolutionTile& tile, LineRange outputs, const void* columns,
                   void* x, cudaStream_t stream) {
  const std::int64_t inputs = tile.images * tile.lines * conv.w;
  const std::int64_t output_lines = outputs.last - outputs.first;
  col2im_kernel<<<grid_for(inputs), dim3(kLanes, kPixels), 0, stream>>>(
      shape_of(conv, 1), kernel_lines(tile), inputs, static_cast<int>(outputs.first), static_cast<int>(output_lines),
      tile.images * output_lines * conv.q(), static_cast<const Sum*>(columns), static_cast<T*>(x));
  cuda_check(cudaGetLastError(), "col2im");
}

}  // namespace

void im2col(const Convolution& conv, const ConvolutionTile& tile, std::size_t element_bytes, const void* x,
            void* columns, cudaStream_t stream) {
  // Copies as many channels at once as evenly divide a group's channels.
  const auto group_bytes = static_cast<std::size_t>(conv.c / conv.groups) * element_bytes;
  const auto launch = group_bytes % 16 == 0  ? launch_im2col<uint4>
                      : group_bytes % 8 == 0 ? launch_im2col<std::uint64_t>
                      : group_bytes % 4 == 0 ? launch_im2col<std::uint32_t>
                      : group_bytes % 2 == 0 ? launch_im2col<std::uint16_t>
                                             : launch_im2col<std::uint8_t>;
  launch(conv, tile, element_bytes, x, columns, stream);
}

void col2im(const Convolution& conv, const ConvolutionTile& tile, LineRange outputs, const void* columns, void* x,
            cudaStream_t stream) {
  switch (conv.dtype) {
    case DType::f64: return launch_col2im<double, double>(conv, tile, outputs, columns, x, stream);
    case DType::f32:
    case DType::tf32: return launch_col2im<float, float>(conv, tile, outputs, columns, x, stream);
    case DType::f16: return launch_col2im<float, __half>(conv, tile, outputs, columns, x, stream);
    case DType::bf16: return launch_col2im<float, __nv_bfloat16>(conv, tile, outputs, columns, x, stream);
    default: throw std::logic_error("col2im of a dtype without gradients");
  }
}

}  // namespace whygpu
