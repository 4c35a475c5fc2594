#include "backends/cublas/problem.h"

#include <initializer_list>
#include <numeric>

namespace whygpu {
namespace {

ColumnMajor transposed(const Matrix& matrix) {
  return {matrix.columns, matrix.rows, matrix.pitch, matrix.batch_stride};
}

std::int64_t multiple_of_16(std::int64_t extent) { return (extent + 15) / 16 * 16; }

// The largest power of two up to `base` that divides every one of `steps` (bytes).
std::uint32_t common_alignment(std::uint32_t base, std::initializer_list<std::int64_t> steps) {
  std::int64_t common = base;
  for (const auto step : steps) common = std::gcd(common, step);
  return static_cast<std::uint32_t>(common);
}

// `pixels` rows of an image tensor with `channels` channels, restricted to the first of `groups` groups.
Matrix image_rows(DType dtype, std::int64_t pixels, std::int64_t channels, std::int64_t groups,
                  std::uint32_t alignment) {
  const std::int64_t group = channels / groups;
  const auto bytes = static_cast<std::int64_t>(dtype_bytes(dtype));
  return {dtype, pixels, group, channels, group, common_alignment(alignment, {channels * bytes, group * bytes})};
}

}  // namespace

ColumnMajorProblem column_major(const MatmulProblem& problem) {
  return {transposed(problem.b), transposed(problem.a), transposed(problem.c), problem.transpose_b,
          problem.transpose_a};
}

bool result_rounds_sums(const MatmulProblem& problem) {
  return dtype_bytes(problem.c.dtype) < dtype_bytes(accumulator_of(problem.a.dtype));
}

bool wants_k_contiguous(DType dtype) { return dtype == DType::f8e4m3 || dtype == DType::s8; }

MatmulProblem gemm_problem(const Gemm& g, Layout layout) {
  const DType result = accumulator_of(g.dtype);
  const auto dense = [layout](DType dtype, std::int64_t rows, std::int64_t columns) {
    return Matrix::dense(dtype, rows, columns, alignment_of(layout));
  };
  if (wants_k_contiguous(g.dtype)) {
    const std::int64_t m = multiple_of_16(g.m), n = multiple_of_16(g.n), k = multiple_of_16(g.k);
    return {dense(g.dtype, m, k), dense(g.dtype, n, k), dense(result, m, n), false, true, g.batch};
  }
  return {g.transpose_a ? dense(g.dtype, g.k, g.m) : dense(g.dtype, g.m, g.k),
          g.transpose_b ? dense(g.dtype, g.n, g.k) : dense(g.dtype, g.k, g.n),
          dense(result, g.m, g.n),
          g.transpose_a,
          g.transpose_b,
          g.batch};
}

PackedLayout gemm_layout(const Gemm& g, int argument) {
  const TensorSpec spec = g.arguments()[static_cast<std::size_t>(argument)];
  const MatmulProblem problem = gemm_problem(g, Layout::preferred);
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

MatmulProblem convolution_problem(const Convolution& conv, std::int64_t pixels, Layout layout) {
  const auto specs = conv.arguments();
  const std::uint32_t alignment = alignment_of(layout);
  const std::int64_t width = conv.r * conv.s * conv.c / conv.groups;  // values in a row of columns
  const Matrix filters = Matrix::dense(specs[1].dtype, conv.k / conv.groups, width, alignment);
  const Matrix y = image_rows(specs[2].dtype, pixels, conv.k, conv.groups, alignment);
  const auto columns = [&](DType dtype) {
    return is_pointwise(conv) ? image_rows(specs[0].dtype, pixels, conv.c, conv.groups, alignment)
                              : Matrix::dense(dtype, pixels, width, 256);
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
