#include <algorithm>
#include <map>

#include "backends/cublas/cublas.h"
#include "backends/cublas/im2col.h"

namespace whygpu {
namespace {

constexpr std::size_t kColumnBytes = std::size_t{128} << 20;

class CublasConvolution final : public Operation {
 public:
  CublasConvolution(MatmulContext& context, const Convolution& conv, Choice choice) : context_(context), conv_(conv) {
    const std::int64_t row_values = conv.r * conv.s * conv.c;  // all groups together
    // col2im sums these values, so they keep the accumulator's type.
    const bool sums = conv.pass == Pass::backward_data;
    const std::size_t value_bytes = dtype_bytes(sums ? accumulator_of(conv.dtype) : conv.dtype);
    const std::size_t line_bytes = static_cast<std::size_t>(conv.q() * row_values) * value_bytes;
    if (is_pointwise(conv)) {
      tiles_ = {{0, conv.n, 0, conv.p()}};
    } else if (sums) {
      // Tiles of input lines; an input line needs p/h output lines.
      const auto p = static_cast<std::size_t>(conv.p()), h = static_cast<std::size_t>(conv.h);
      tiles_ = convolution_tiles(conv.n, conv.h, line_bytes * p / h + 1, kColumnBytes);
    } else {
      tiles_ = convolution_tiles(conv.n, conv.p(), line_bytes, kColumnBytes);
    }
    std::int64_t most = 0;
    for (const auto& tile : tiles_) {
      const std::int64_t pixels = pixels_of(tile);
      most = std::max(most, pixels);
      if (pixels > 0 && !matmuls_.contains(pixels))
        matmuls_.try_emplace(pixels, context, convolution_problem(conv, pixels), choice);
    }
    if (!is_pointwise(conv)) {
      columns_ = CudaBuffer(static_cast<std::size_t>(most * row_values) * value_bytes);
    }
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
    if (is_pointwise(conv_)) return "GEMM on the images (1x1): " + product;
    return std::string(conv_.pass == Pass::backward_data ? "GEMM + col2im" : "im2col + GEMM") + " in " +
           std::to_string(tiles_.size()) + " tile(s), column buffer " + std::to_string(columns_.bytes()) +
           " B: " + product;
  }

 private:
  // Output lines that a tile multiplies. Backward data iterates over tiles of input lines.
  LineRange lines_of(const ConvolutionTile& tile) const {
    if (conv_.pass == Pass::backward_data && !is_pointwise(conv_)) {
      return output_lines_over(conv_, tile.line, tile.lines);
    }
    return {tile.line, tile.line + tile.lines};
  }
  std::int64_t pixels_of(const ConvolutionTile& tile) const {
    const LineRange lines = lines_of(tile);
    return tile.images * (lines.last - lines.first) * conv_.q();
  }

  void run(const ConvolutionTile& tile, void* x, void* w, void* y, bool accumulate) {
    const cudaStream_t stream = context_.device.stream();
    const LineRange lines = lines_of(tile);
    const std::int64_t pixels = pixels_of(tile);
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
  return Matmul::supports(context, convolution_problem(conv, conv.n * conv.p() * conv.q()));
}

std::unique_ptr<Operation> prepare_cublas_convolution(MatmulContext& context, const Convolution& convolution,
                                                      Choice choice) {
  return std::make_unique<CublasConvolution>(context, convolution, choice);
}

}  // namespace whygpu
