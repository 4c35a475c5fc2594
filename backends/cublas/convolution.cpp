#include <algorithm>
#include <map>
#include <numeric>

#include "backends/cublas/cublas.h"
#include "backends/cublas/im2col.h"

namespace whygpu {
namespace {

constexpr std::size_t kColumnBytes = std::size_t{128} << 20;

// A 1×1 filter that visits every pixel: the image itself is the column matrix.
bool is_pointwise(const Convolution& conv) {
  return conv.r == 1 && conv.s == 1 && conv.stride_h == 1 && conv.stride_w == 1 && conv.pad_h == 0 && conv.pad_w == 0;
}

// The largest power of two up to 256 that divides every one of `steps` (bytes).
std::uint32_t alignment_of(std::initializer_list<std::int64_t> steps) {
  std::int64_t common = 256;
  for (const auto step : steps) common = std::gcd(common, step);
  return static_cast<std::uint32_t>(common);
}

// Matrices of a convolution whose batch runs over the groups.
struct Matrices {
  const Convolution& conv;
  std::int64_t group_c = conv.c / conv.groups, group_k = conv.k / conv.groups;
  std::int64_t width = conv.r * conv.s * group_c;  // of a row of columns

  DType type(int argument) const { return conv.arguments()[static_cast<std::size_t>(argument)].dtype; }

  // `pixels` rows of an image tensor, argument 0 (x) or 2 (y), as far as one group sees them.
  Matrix image(int argument, std::int64_t pixels) const {
    const std::int64_t pitch = argument == 0 ? conv.c : conv.k;
    const std::int64_t columns = argument == 0 ? group_c : group_k;
    const auto bytes = static_cast<std::int64_t>(dtype_bytes(type(argument)));
    return {type(argument), pixels, columns, pitch, columns, alignment_of({pitch * bytes, columns * bytes})};
  }
  Matrix filters() const { return Matrix::dense(type(1), group_k, width); }
  Matrix columns(DType dtype, std::int64_t pixels) const { return Matrix::dense(dtype, pixels, width); }
};

class CublasConvolution final : public Operation {
 public:
  CublasConvolution(MatmulContext& context, const Convolution& conv, Choice choice) : context_(context), conv_(conv) {
    const bool data = conv.pass == Pass::backward_data;
    // A column of backward data is summed before it is rounded, so that it is kept in the accumulator's type.
    column_type_ = data ? accumulator_of(conv.dtype) : conv.dtype;
    const Matrices matrices{conv_};
    const auto line_bytes =
        static_cast<std::size_t>(conv.q() * matrices.width * conv.groups) * dtype_bytes(column_type_);
    tiles_ = is_pointwise(conv) ? std::vector<ConvolutionTile>{{0, conv.n, 0, conv.p()}}
             : data             ? convolution_tiles(
                                      conv.n, conv.h,
                                      line_bytes * static_cast<std::size_t>(conv.p()) / static_cast<std::size_t>(conv.h) + 1,
                                      kColumnBytes)
                    : convolution_tiles(conv.n, conv.p(), line_bytes, kColumnBytes);
    std::int64_t most = 0;
    for (const auto& tile : tiles_) {
      const std::int64_t pixels = pixels_of(tile);
      most = std::max(most, pixels);
      if (pixels > 0 && !matmuls_.contains(pixels))
        matmuls_.try_emplace(pixels, context, problem_of(conv, pixels), choice);
    }
    if (!is_pointwise(conv)) {
      columns_ = CudaBuffer(static_cast<std::size_t>(most * matrices.width * conv.groups) * dtype_bytes(column_type_));
    }
  }

  // The product over the columns of `pixels` output pixels.
  static MatmulProblem problem_of(const Convolution& conv, std::int64_t pixels) {
    const Matrices matrices{conv};
    const auto columns = [&](DType dtype) {
      return is_pointwise(conv) ? matrices.image(0, pixels) : matrices.columns(dtype, pixels);
    };
    const Matrix y = matrices.image(2, pixels);
    switch (conv.pass) {
      case Pass::forward:
        return {columns(conv.dtype), matrices.filters(), y, false, true, conv.groups};
      case Pass::backward_data:
        return {y, matrices.filters(), columns(accumulator_of(conv.dtype)), false, false, conv.groups};
      case Pass::backward_weights:
        return {y, columns(conv.dtype), matrices.filters(), true, false, conv.groups};
    }
    throw std::logic_error("unknown pass");
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
  // Output lines that a tile multiplies; backward data goes over tiles of input lines.
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
  DType column_type_ = DType::f32;
  std::vector<ConvolutionTile> tiles_;
  std::map<std::int64_t, Matmul> matmuls_;  // by output pixels of a tile; the largest is the typical one
  CudaBuffer columns_;
};

}  // namespace

Support cublas_supports(MatmulContext& context, const Convolution& conv) {
  if (conv.dtype == DType::s32 || conv.dtype == DType::f8e4m3) {
    return Support::no("no " + std::string(dtype_name(conv.dtype)) + " convolution by im2col here");
  }
  if (conv.dtype == DType::s8 && conv.pass != Pass::forward) return Support::no("s8 convolution is forward only");
  return Matmul::supports(context, CublasConvolution::problem_of(conv, conv.n * conv.p() * conv.q()));
}

std::unique_ptr<Operation> prepare_cublas_convolution(MatmulContext& context, const Convolution& convolution,
                                                      Choice choice) {
  return std::make_unique<CublasConvolution>(context, convolution, choice);
}

}  // namespace whygpu
