#include "backends/cublas/problem.h"

#include <initializer_list>
#include <numeric>

namespace whygpu {
namespace {

ColumnMajor transposed(const Matrix& matrix) {
  return {matrix.columns, matrix.rows, matrix.pitch, matrix.batch_stride};
}

std::int64_t multiple_of_16(std::int64_t extent) { return (extent + 15) / 16 * 16; }

// The largest power of two up to 256 that divides every one of `steps` (bytes).
std::uint32_t alignment_of(std::initializer_list<std::int64_t> steps) {
  std::int64_t common = 256;
  for (const auto step : steps) common = std::gcd(common, step);
  return static_cast<std::uint32_t>(common);
}

// `pixels` rows of an image tensor with `channels` channels, restricted to the first of `groups` groups.
Matrix image_rows(DType dtype, std::int64_t pixels, std::int64_t channels, std::int64_t groups) {
  const std::int64_t group = channels / groups;
  const auto bytes = static_cast<std::int64_t>(dtype_bytes(dtype));
  return {dtype, pixels, group, channels, group, alignment_of({channels * bytes, group * bytes})};
}

}  // namespace

ColumnMajorProblem column_major(const MatmulProblem& problem) {
  return {transposed(problem.b), transposed(problem.a), transposed(problem.c), problem.transpose_b,
          problem.transpose_a};
}

bool wants_k_contiguous(DType dtype) { return dtype == DType::f8e4m3 || dtype == DType::s8; }

MatmulProblem gemm_problem(const Gemm& g) {
  const DType result = accumulator_of(g.dtype);
  if (wants_k_contiguous(g.dtype)) {
    const std::int64_t m = multiple_of_16(g.m), n = multiple_of_16(g.n), k = multiple_of_16(g.k);
    return {
        Matrix::dense(g.dtype, m, k), Matrix::dense(g.dtype, n, k), Matrix::dense(result, m, n), false, true, g.batch};
  }
  return {g.transpose_a ? Matrix::dense(g.dtype, g.k, g.m) : Matrix::dense(g.dtype, g.m, g.k),
          g.transpose_b ? Matrix::dense(g.dtype, g.n, g.k) : Matrix::dense(g.dtype, g.k, g.n),
          Matrix::dense(result, g.m, g.n),
          g.transpose_a,
          g.transpose_b,
          g.batch};
}

PaddedLayout gemm_layout(const Gemm& g, int argument) {
  const TensorSpec spec = g.arguments()[static_cast<std::size_t>(argument)];
  const MatmulProblem problem = gemm_problem(g);
  const Matrix& matrix = argument == 0 ? problem.a : argument == 1 ? problem.b : problem.c;
  const bool stored_otherwise = argument == 0   ? g.transpose_a != problem.transpose_a
                                : argument == 1 ? g.transpose_b != problem.transpose_b
                                                : false;
  return {.batch = g.batch,
          .rows = spec.shape[1],
          .columns = spec.shape[2],
          .padded_rows = matrix.rows,
          .padded_columns = matrix.columns,
          .transposed = stored_otherwise,
          .element_bytes = dtype_bytes(spec.dtype)};
}

bool is_pointwise(const Convolution& conv) {
  return conv.r == 1 && conv.s == 1 && conv.stride_h == 1 && conv.stride_w == 1 && conv.pad_h == 0 && conv.pad_w == 0;
}

MatmulProblem convolution_problem(const Convolution& conv, std::int64_t pixels) {
  const auto specs = conv.arguments();
  const std::int64_t width = conv.r * conv.s * conv.c / conv.groups;  // values in a row of columns
  const Matrix filters = Matrix::dense(specs[1].dtype, conv.k / conv.groups, width);
  const Matrix y = image_rows(specs[2].dtype, pixels, conv.k, conv.groups);
  const auto columns = [&](DType dtype) {
    return is_pointwise(conv) ? image_rows(specs[0].dtype, pixels, conv.c, conv.groups)
                              : Matrix::dense(dtype, pixels, width);
  };
  switch (conv.pass) {
    case Pass::forward: return {columns(conv.dtype), filters, y, false, true, conv.groups};
    // col2im sums these values, so they keep the accumulator's type.
    case Pass::backward_data: return {y, filters, columns(accumulator_of(conv.dtype)), false, false, conv.groups};
    case Pass::backward_weights: return {y, columns(conv.dtype), filters, true, false, conv.groups};
  }
  throw std::logic_error("unknown pass");
}

}  // namespace whygpu
