// Matrix products as row-major matrices with pitches, and the equivalent column-major problem for cuBLASLt.
#pragma once

#include <cstdint>

#include "backends/cublas/packed.h"
#include "backends/devices/convolution_tiles.h"
#include "whygpu/backend.h"

namespace whygpu {

// `rows` rows of `columns` values, `pitch` values apart. The next matrix of a batch is `batch_stride` values further
// on.
struct Matrix {
  DType dtype = DType::f32;
  std::int64_t rows = 0, columns = 0, pitch = 0, batch_stride = 0;
  std::uint32_t alignment = 256;  // guaranteed for its addresses, in bytes

  // Without padding.
  static Matrix dense(DType dtype, std::int64_t rows, std::int64_t columns, std::uint32_t alignment) {
    return {dtype, rows, columns, columns, rows * columns, alignment};
  }
};

// C = op(A) · op(B). `a` is k×m when transposed, `b` is n×k when transposed. The inputs' dtype decides the arithmetic.
struct MatmulProblem {
  Matrix a, b, c;
  bool transpose_a = false, transpose_b = false;
  std::int64_t batch = 1;
};

// A row-major matrix read as column-major is its transpose, so cuBLASLt computes Cᵀ = op(B)ᵀ · op(A)ᵀ.
struct ColumnMajor {
  std::int64_t rows = 0, columns = 0, leading_dimension = 0, batch_stride = 0;
};
struct ColumnMajorProblem {
  ColumnMajor first, second, result;  // B, A and C of the row-major problem
  bool transpose_first = false, transpose_second = false;
};
ColumnMajorProblem column_major(const MatmulProblem& problem);

// Whether partial sums in the result's type would be rounded. Then k must not be split that way.
bool result_rounds_sums(const MatmulProblem& problem);

// The alignment that a device guarantees for tensors: its own allocations, or parts of one (Device::view()).
constexpr std::uint32_t alignment_of(Layout layout) { return layout == Layout::row_major ? 64 : 256; }

// cuBLASLt multiplies f8 and s8 only if k is contiguous in both operands and pitches are multiples of 16. Such a
// problem is padded, and its operands are transposed if necessary: gemm_layout() says how each argument is stored.
bool wants_k_contiguous(DType dtype);
MatmulProblem gemm_problem(const Gemm& gemm, Layout layout);
PackedLayout gemm_layout(const Gemm& gemm, int argument);

// The product over the columns of `pixels` output pixels (see im2col.h), or over the images themselves if
// is_pointwise().
MatmulProblem convolution_problem(const Convolution& conv, std::int64_t pixels, Layout layout);

}  // namespace whygpu
