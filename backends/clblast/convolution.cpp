// Convolution as im2col + GEMM, for all passes: CLBlast's own convolution has NCHW images and the forward pass only.
#include <algorithm>
#include <map>

#include "backends/clblast/operations.h"
#include "backends/devices/convolution_tiles.h"

namespace whygpu::clblast_backend {
namespace {

// T: the type of values, or a type of the same size where they are only copied. H, W, C, … are compiled in.
constexpr const char* kColumnKernels = R"(
#define GROUP_C (C / GROUPS)
#define WIDTH (R * S * GROUP_C)

// A work-item for each value of the columns of `lines` lines from `line` on, of images from `image` on.
kernel void im2col(global const T* x, ulong first, global T* columns, ulong image, uint line, uint lines,
                   ulong pixels) {
  const ulong i = get_global_id(0);
  if (i >= pixels * WIDTH * GROUPS) return;
  const uint within = i % WIDTH;
  const ulong pixel = i / WIDTH % pixels;
  const uint group = i / WIDTH / pixels;
  const int q = pixel % Q, p = line + pixel / Q % lines;
  const int h = p * STRIDE_H - PAD_H + within / GROUP_C / S * DILATION_H;
  const int w = q * STRIDE_W - PAD_W + within / GROUP_C % S * DILATION_W;
  const bool inside = h >= 0 && h < H && w >= 0 && w < W;
  const ulong from = (((image + pixel / Q / lines) * H + h) * W + w) * C + group * GROUP_C + within % GROUP_C;
  columns[i] = inside ? x[first + from] : (T)0;
}

// A work-item for each value of `lines` lines of x from `line` on sums the columns that hold it. Their pixels are those
// of `outputs` output lines from `first_output` on.
kernel void col2im(global const T* columns, global T* x, ulong first, ulong image, uint line, uint lines,
                   uint first_output, uint outputs, ulong images) {
  const ulong i = get_global_id(0);
  if (i >= images * lines * W * C) return;
  const uint c = i % C;
  const int w = i / C % W, h = line + i / C / W % lines;
  const ulong local_image = i / C / W / lines;
  const ulong pixels = images * outputs * Q;
  T sum = 0;
  for (int r = 0; r < R; ++r) {
    const int from_h = h + PAD_H - r * DILATION_H;
    const int output = from_h / STRIDE_H - (int)first_output;
    if (from_h < 0 || from_h % STRIDE_H != 0 || output < 0 || output >= (int)outputs) continue;
    for (int s = 0; s < S; ++s) {
      const int from_w = w + PAD_W - s * DILATION_W;
      if (from_w < 0 || from_w % STRIDE_W != 0 || from_w / STRIDE_W >= Q) continue;
      const ulong pixel = (local_image * outputs + output) * Q + from_w / STRIDE_W;
      sum += columns[((c / GROUP_C) * pixels + pixel) * WIDTH + (r * S + s) * GROUP_C + c % GROUP_C];
    }
  }
  x[first + (((image + local_image) * H + h) * W + w) * C + c] = sum;
}
)";

constexpr std::size_t kThreads = 64;
constexpr std::size_t kLeastColumnCache = std::size_t{8} << 20;  // drivers give the L1 of some GPUs as their cache

std::string build_options(const Convolution& conv) {
  const char* type = conv.dtype == DType::f64 ? "double" : conv.dtype == DType::f32 ? "float" : "ushort";
  std::string text = std::string("-DT=") + type;
  const std::pair<const char*, std::int64_t> values[] = {{"H", conv.h},
                                                         {"W", conv.w},
                                                         {"C", conv.c},
                                                         {"GROUPS", conv.groups},
                                                         {"R", conv.r},
                                                         {"S", conv.s},
                                                         {"Q", conv.q()},
                                                         {"STRIDE_H", conv.stride_h},
                                                         {"STRIDE_W", conv.stride_w},
                                                         {"PAD_H", conv.pad_h},
                                                         {"PAD_W", conv.pad_w},
                                                         {"DILATION_H", conv.dilation_h},
                                                         {"DILATION_W", conv.dilation_w}};
  for (const auto& [name, value] : values) text += " -D" + std::string(name) + "=" + std::to_string(value);
  return text;
}

Product product_over(const Convolution& conv, std::int64_t pixels) {
  const auto size = [](std::int64_t value) { return static_cast<std::size_t>(value); };
  const std::size_t rows = size(pixels), groups = size(conv.groups), filters = size(conv.k / conv.groups);
  const std::size_t width = size(conv.r * conv.s * (conv.c / conv.groups));
  // The columns of 1×1 filters are the images, whose groups lie side by side.
  const std::size_t column_pitch = is_pointwise(conv) ? size(conv.c) : width;
  const std::size_t column_stride = is_pointwise(conv) ? width : rows * width;
  Product p{.dtype = conv.dtype, .batch = groups};
  switch (conv.pass) {
    case Pass::forward:  // y[pixels × filters] = columns · wᵀ
      p.m = rows, p.n = filters, p.k = width, p.transpose_b = true;
      p.pitch_a = column_pitch, p.stride_a = column_stride;
      p.pitch_b = width, p.stride_b = filters * width;
      p.pitch_c = size(conv.k), p.stride_c = filters;
      return p;
    case Pass::backward_data:  // columns[pixels × width] = dy · w
      p.m = rows, p.n = width, p.k = filters;
      p.pitch_a = size(conv.k), p.stride_a = filters;
      p.pitch_b = width, p.stride_b = filters * width;
      p.pitch_c = column_pitch, p.stride_c = column_stride;
      return p;
    default:  // dw[filters × width] += dyᵀ · columns
      p.m = filters, p.n = width, p.k = rows, p.transpose_a = true;
      p.pitch_a = size(conv.k), p.stride_a = filters;
      p.pitch_b = column_pitch, p.stride_b = column_stride;
      p.pitch_c = width, p.stride_c = filters * width;
      return p;
  }
}

class ClblastConvolution final : public Operation {
 public:
  ClblastConvolution(Context& context, const Convolution& conv) : context_(context), conv_(conv) {
    if (is_pointwise(conv)) {
      tiles_ = {{0, conv.n, 0, conv.p()}};
    } else {
      tiles_ = tiles_of(conv, std::max(context.device.cache_bytes(), kLeastColumnCache));
    }
    std::int64_t most = 0;
    for (const auto& tile : tiles_) {
      const std::int64_t pixels = pixels_of(conv, tile);
      most = std::max(most, pixels);
      if (pixels > 0 && !products_.contains(pixels)) products_.try_emplace(pixels, context, product_over(conv, pixels));
    }
    if (is_pointwise(conv)) return;
    columns_ = OpenClBuffer(context.device, static_cast<std::size_t>(most) * pixel_bytes(conv));
    const OpenClProgram program(context.device, kColumnKernels, build_options(conv));
    kernel_ = program.kernel(conv.pass == Pass::backward_data ? "col2im" : "im2col");
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_opencl_tensor(context_.device, conv_.arguments().at(static_cast<std::size_t>(index)));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    bool first = true;
    for (const auto& tile : tiles_) {
      run(tile, opencl_span(tensors[0]), opencl_span(tensors[1]), opencl_span(tensors[2]),
          !std::exchange(first, false));
    }
  }

  std::string implementation() const override {
    const std::string product = products_.empty() ? "nothing to multiply" : products_.rbegin()->second.describe();
    const std::string sums = conv_.dtype == DType::f16 ? "; sums in f16" : "";
    if (is_pointwise(conv_)) return "GEMM on the images (1x1): " + product + sums;
    return std::string(conv_.pass == Pass::backward_data ? "GEMM + whygpu's col2im" : "whygpu's im2col + GEMM") + ", " +
           std::to_string(tiles_.size()) + " tile(s): " + product + sums;
  }

 private:
  void run(const ConvolutionTile& tile, OpenClSpan x, OpenClSpan w, OpenClSpan y, bool accumulate) {
    const LineRange lines = lines_of(conv_, tile);
    const std::int64_t pixels = pixels_of(conv_, tile);
    const ClblastProduct* product = pixels > 0 ? &products_.at(pixels) : nullptr;
    const std::size_t element = dtype_bytes(conv_.dtype);
    const std::int64_t first_pixel = (tile.image * conv_.p() + lines.first) * conv_.q();
    y.offset += static_cast<std::size_t>(first_pixel * conv_.k) * element;
    const bool pointwise = is_pointwise(conv_);
    const OpenClSpan columns = pointwise ? x : OpenClSpan{columns_.memory(), 0};
    const OpenClValues images{x.memory, x.offset / element};
    const auto image = static_cast<cl_ulong>(tile.image);
    const auto line = static_cast<cl_uint>(tile.line), line_count = static_cast<cl_uint>(tile.lines);
    if (conv_.pass == Pass::backward_data) {
      if (product != nullptr) product->enqueue(y, w, columns);
      if (pointwise) return;
      return run_kernel(tile.images * tile.lines * conv_.w * conv_.c, columns.memory, images, image, line, line_count,
                        static_cast<cl_uint>(lines.first), static_cast<cl_uint>(lines.last - lines.first),
                        static_cast<cl_ulong>(tile.images));
    }
    if (!pointwise) {
      run_kernel(pixels * conv_.r * conv_.s * conv_.c, images, columns.memory, image, line, line_count,
                 static_cast<cl_ulong>(pixels));
    }
    if (conv_.pass == Pass::forward) {
      product->enqueue(columns, w, y);
    } else {
      product->enqueue(y, columns, w, accumulate);
    }
  }

  template <class... Arguments>
  void run_kernel(std::int64_t work_items, const Arguments&... arguments) {
    launch(kernel_, context_.device.commands(), {static_cast<std::size_t>(work_items), 1, 1}, {kThreads, 1, 1},
           arguments...);
  }

  Context& context_;
  Convolution conv_;
  std::vector<ConvolutionTile> tiles_;
  std::map<std::int64_t, ClblastProduct> products_;  // by the output pixels of a tile; the largest is the typical one
  OpenClBuffer columns_;
  OpenClKernel kernel_;
};

}  // namespace

Support supports(const Context& context, const Convolution& conv) {
  const bool half = conv.dtype == DType::f16;
  if (conv.dtype != DType::f64 && conv.dtype != DType::f32 && !half) {
    return Support::no("CLBlast has no " + std::string(dtype_name(conv.dtype)) + " GEMM for im2col");
  }
  if (half && conv.pass != Pass::forward) {
    return Support::no("CLBlast's f16 GEMM would round the partial sums of a gradient to f16");
  }
  return opencl_supports(context.device, conv.dtype, conv.arguments());
}

std::unique_ptr<Operation> prepare(Context& context, const Convolution& conv) {
  return std::make_unique<ClblastConvolution>(context, conv);
}

}  // namespace whygpu::clblast_backend
