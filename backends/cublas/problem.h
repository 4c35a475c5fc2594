// What is multiplied: row-major matrices with pitches, as operations need them, and the same as cuBLASLt sees them.
#pragma once

#include <cstdint>

#include "backends/cublas/padded.h"
#include "whygpu/backend.h"

namespace whygpu {

// As stored: `rows` rows of `columns` values, `pitch` values apart, and so again `batch_stride` values further on.
struct Matrix {
  DType dtype = DType::f32;
  std::int64_t rows = 0, columns = 0, pitch = 0, batch_stride = 0;
  std::uint32_t alignment = 256;  // of the addresses that it will be run on, in bytes

  // Without gaps.
  static Matrix dense(DType dtype, std::int64_t rows, std::int64_t columns) {
    return {dtype, rows, columns, columns, rows * columns};
  }
};

// C = op(A) · op(B). `a` is k×m where transposed, `b` n×k where transposed. The inputs' dtype says how products are
// formed.
struct MatmulProblem {
  Matrix a, b, c;
  bool transpose_a = false, transpose_b = false;
  std::int64_t batch = 1;
};

// A row-major matrix is its own transpose in column-major order, so that cuBLASLt is given Cᵀ = op(B)ᵀ · op(A)ᵀ.
struct ColumnMajor {
  std::int64_t rows = 0, columns = 0, leading_dimension = 0, batch_stride = 0;
};
struct ColumnMajorProblem {
  ColumnMajor first, second, result;  // B, A and C of the row-major problem
  bool transpose_first = false, transpose_second = false;
};
ColumnMajorProblem column_major(const MatmulProblem& problem);

// cuBLASLt multiplies f8 and s8 only where k is the contiguous dimension of both operands and pitches are multiples of
// 16; such a problem is padded, and its operands are stored transposed where they must be.
bool wants_k_contiguous(DType dtype);
MatmulProblem gemm_problem(const Gemm& gemm);
PaddedLayout gemm_layout(const Gemm& gemm, int argument);

// The product over the columns of `pixels` output pixels, see im2col.h; over the images themselves where is_pointwise.
bool is_pointwise(const Convolution& conv);  // 1×1 filters that visit every pixel
MatmulProblem convolution_problem(const Convolution& conv, std::int64_t pixels);

}  // namespace whygpu
