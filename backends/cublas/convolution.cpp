#include "backends/cublas/convolution.h"

#include <algorithm>
#include <map>

#include "backends/cublas/im2col.h"

namespace whygpu {
namespace {

std::string mebibytes(std::size_t bytes) { return std::to_string((bytes + (1 << 19)) >> 20) + " MiB"; }

class CublasConvolution final : public Operation {
 public:
  CublasConvolution(MatmulContext& context, const Convolution& conv, Choice choice, Layout layout)
      : context_(context), conv_(conv) {
    if (is_pointwise(conv)) {
      tiles_ = {{0, conv.n, 0, conv.p()}};
    } else {
      tiles_ = tiles_of(conv, context.device.cache_bytes());
    }
    std::int64_t most = 0;
    for (const auto& tile : tiles_) {
      const std::int64_t pixels = pixels_of(conv_, tile);
      most = std::max(most, pixels);
      if (pixels > 0 && !matmuls_.contains(pixels))
        matmuls_.try_emplace(pixels, context, convolution_problem(conv, pixels, layout), choice);
    }
    if (!is_pointwise(conv)) columns_ = CudaBuffer(static_cast<std::size_t>(most) * pixel_bytes(conv));
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_cuda_tensor(context_.device, conv_.arguments()[static_cast<std::size_t>(index)]);
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    bool first = true;
    for (const auto& tile : tiles_) {
      run(tile, cuda_data(tensors[0]), cuda_data(tensors[1]), cuda_data(tensors[2]), !std::exchange(first, false));
    }
  }

  std::string implementation() const override {
    const std::string product = matmuls_.empty() ? "nothing to multiply" : matmuls_.rbegin()->second.describe();
    if (is_pointwise(conv_))
      return "not NVIDIA's convolution (see cudnn): cuBLASLt GEMM on the images (1x1): " + product;
    const bool sums = conv_.pass == Pass::backward_data;
    return "not NVIDIA's convolution (see cudnn): " +
           std::string(sums ? "cuBLASLt GEMM + whygpu's col2im" : "whygpu's im2col + cuBLASLt GEMM") + ", " +
           std::to_string(tiles_.size()) + " tile(s), columns of at most " + mebibytes(columns_.bytes()) +
           " (L2: " + mebibytes(context_.device.cache_bytes()) + "): " + product;
  }

 private:
  void run(const ConvolutionTile& tile, void* x, void* w, void* y, bool accumulate) {
    const cudaStream_t stream = context_.device.stream();
    const LineRange lines = lines_of(conv_, tile);
    const std::int64_t pixels = pixels_of(conv_, tile);
    const Matmul* matmul = pixels > 0 ? &matmuls_.at(pixels) : nullptr;
    const std::int64_t first_pixel = (tile.image * conv_.p() + lines.first) * conv_.q();
    void* y_tile = static_cast<std::byte*>(y) +
                   static_cast<std::size_t>(first_pixel * conv_.k) * dtype_bytes(conv_.arguments()[2].dtype);
    void* columns = is_pointwise(conv_) ? x : columns_.data();
    if (conv_.pass == Pass::backward_data) {
      if (matmul != nullptr) matmul->enqueue(y_tile, w, columns);
      if (columns != x) col2im(conv_, tile, lines, columns, x, stream);
      return;
    }
    if (columns != x) im2col(conv_, tile, dtype_bytes(conv_.dtype), x, columns, stream);
    if (conv_.pass == Pass::forward) {
      matmul->enqueue(columns, w, y_tile);
    } else {
      matmul->enqueue(y_tile, columns, w, accumulate);
    }
  }

  MatmulContext& context_;
  Convolution conv_;
  std::vector<ConvolutionTile> tiles_;
  std::map<std::int64_t, Matmul> matmuls_;  // by the output pixels of a tile; the largest is the typical one
  CudaBuffer columns_;
};

}  // namespace

Support cublas_supports(MatmulContext& context, const Convolution& conv) {
  if (conv.dtype == DType::s32 || conv.dtype == DType::f8e4m3) {
    return Support::no("im2col + GEMM has no " + std::string(dtype_name(conv.dtype)) + " convolution");
  }
  if (conv.dtype == DType::s8 && conv.pass != Pass::forward) return Support::no("s8 convolution is forward only");
  return Matmul::supports(context, convolution_problem(conv, conv.n * conv.p() * conv.q(), Layout::row_major));
}

std::unique_ptr<Operation> prepare_cublas_convolution(MatmulContext& context, const Convolution& convolution,
                                                      Choice choice, Layout layout) {
  return std::make_unique<CublasConvolution>(context, convolution, choice, layout);
}

}  // namespace whygpu
