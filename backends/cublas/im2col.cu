#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "backends/cublas/im2col.h"
#include "backends/devices/cuda.h"

namespace whygpu {
namespace {

constexpr int kLanes = 32;
constexpr int kPixels = 8;  // of a block, one warp each

// A convolution in units of `c` channels each (all groups together: c; of one group: group_c).
struct Shape {
  int h, w, c, group_c, groups, r, s, p, q;
  int stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
};

Shape shape_of(const Convolution& conv, std::int64_t channels_per_unit) {
  const auto i = [](std::int64_t value) { return static_cast<int>(value); };
  return {i(conv.h),
          i(conv.w),
          i(conv.c / channels_per_unit),
          i(conv.c / conv.groups / channels_per_unit),
          i(conv.groups),
          i(conv.r),
          i(conv.s),
          i(conv.p()),
          i(conv.q()),
          i(conv.stride_h),
          i(conv.stride_w),
          i(conv.pad_h),
          i(conv.pad_w),
          i(conv.dilation_h),
          i(conv.dilation_w)};
}

// One warp per output pixel; its lanes run over [group, r, s, channel], channels fastest, so that reads are contiguous.
template <class T>
__global__ void im2col_kernel(Shape shape, std::int64_t first_image, int first_line, int lines, std::int64_t pixels,
                              const T* __restrict__ x, T* __restrict__ columns) {
  const std::int64_t pixel = std::int64_t{blockIdx.x} * kPixels + threadIdx.y;
  if (pixel >= pixels) return;
  const int q = static_cast<int>(pixel % shape.q);
  const int p = first_line + static_cast<int>(pixel / shape.q % lines);
  const std::int64_t image = first_image + pixel / shape.q / lines;
  const unsigned width = static_cast<unsigned>(shape.r * shape.s * shape.group_c);
  const T* input = x + image * shape.h * shape.w * shape.c;
  for (unsigned i = threadIdx.x; i < width * shape.groups; i += kLanes) {
    const unsigned group = i / width;
    const unsigned within = i % width;
    const unsigned tap = within / shape.group_c;
    const unsigned channel = group * shape.group_c + within % shape.group_c;
    const int h = p * shape.stride_h - shape.pad_h + static_cast<int>(tap / shape.s) * shape.dilation_h;
    const int w = q * shape.stride_w - shape.pad_w + static_cast<int>(tap % shape.s) * shape.dilation_w;
    T value{};
    if (h >= 0 && h < shape.h && w >= 0 && w < shape.w)
      value = input[(std::int64_t{h} * shape.w + w) * shape.c + channel];
    columns[(group * pixels + pixel) * width + within] = value;
  }
}

// One warp per input pixel; its lanes run over the channels.
template <class Sum, class T>
__global__ void col2im_kernel(Shape shape, std::int64_t first_image, int first_line, int lines, std::int64_t inputs,
                              int first_output, int outputs, std::int64_t output_pixels,
                              const Sum* __restrict__ columns, T* __restrict__ x) {
  const std::int64_t input = std::int64_t{blockIdx.x} * kPixels + threadIdx.y;
  if (input >= inputs) return;
  const int w = static_cast<int>(input % shape.w);
  const int h = first_line + static_cast<int>(input / shape.w % lines);
  const std::int64_t image = input / shape.w / lines;  // of the tile
  const std::int64_t width = std::int64_t{shape.r} * shape.s * shape.group_c;
  for (int c = threadIdx.x; c < shape.c; c += kLanes) {
    const int group = c / shape.group_c;
    Sum sum = 0;
    for (int r = 0; r < shape.r; ++r) {
      const int from_h = h + shape.pad_h - r * shape.dilation_h;
      const int p = from_h / shape.stride_h - first_output;
      if (from_h < 0 || from_h % shape.stride_h != 0 || p < 0 || p >= outputs) continue;
      for (int s = 0; s < shape.s; ++s) {
        const int from_w = w + shape.pad_w - s * shape.dilation_w;
        const int q = from_w / shape.stride_w;
        if (from_w < 0 || from_w % shape.stride_w != 0 || q >= shape.q) continue;
        const std::int64_t pixel = (image * outputs + p) * shape.q + q;
        sum += columns[(group * output_pixels + pixel) * width + (r * shape.s + s) * shape.group_c + c % shape.group_c];
      }
    }
    x[(((first_image + image) * shape.h + h) * shape.w + w) * shape.c + c] = static_cast<T>(sum);
  }
}

dim3 grid_for(std::int64_t pixels) { return dim3(static_cast<unsigned>((pixels + kPixels - 1) / kPixels)); }

template <class T>
void launch_im2col(const Convolution& conv, const ConvolutionTile& tile, std::size_t element_bytes, const void* x,
                   void* columns, cudaStream_t stream) {
  const std::int64_t pixels = tile.images * tile.lines * conv.q();
  im2col_kernel<<<grid_for(pixels), dim3(kLanes, kPixels), 0, stream>>>(
      shape_of(conv, static_cast<std::int64_t>(sizeof(T) / element_bytes)), tile.image, static_cast<int>(tile.line),
      static_cast<int>(tile.lines), pixels, static_cast<const T*>(x), static_cast<T*>(columns));
  cuda_check(cudaGetLastError(), "im2col");
}

template <class Sum, class T>
void launch_col2im(const Convolution& conv, const ConvolutionTile& tile, LineRange outputs, const void* columns,
                   void* x, cudaStream_t stream) {
  const std::int64_t inputs = tile.images * tile.lines * conv.w;
  const std::int64_t output_lines = outputs.last - outputs.first;
  col2im_kernel<<<grid_for(inputs), dim3(kLanes, kPixels), 0, stream>>>(
      shape_of(conv, 1), tile.image, static_cast<int>(tile.line), static_cast<int>(tile.lines), inputs,
      static_cast<int>(outputs.first), static_cast<int>(output_lines), tile.images * output_lines * conv.q(),
      static_cast<const Sum*>(columns), static_cast<T*>(x));
  cuda_check(cudaGetLastError(), "col2im");
}

}  // namespace

void im2col(const Convolution& conv, const ConvolutionTile& tile, std::size_t element_bytes, const void* x,
            void* columns, cudaStream_t stream) {
  // Moves as many channels at once as divide a group's.
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
    case DType::f64:
      return launch_col2im<double, double>(conv, tile, outputs, columns, x, stream);
    case DType::f32:
    case DType::tf32:
      return launch_col2im<float, float>(conv, tile, outputs, columns, x, stream);
    case DType::f16:
      return launch_col2im<float, __half>(conv, tile, outputs, columns, x, stream);
    case DType::bf16:
      return launch_col2im<float, __nv_bfloat16>(conv, tile, outputs, columns, x, stream);
    default:
      throw std::logic_error("col2im of a dtype without gradients");
  }
}

}  // namespace whygpu
